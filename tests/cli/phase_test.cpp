// attnbounds phase as its users run it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

using nlohmann::json;

Answer phase(const std::string& arguments) { return run_program("attnbounds", "phase " + arguments); }

}  // namespace

TEST_CASE("phase: kappa* and the points, as JSON") {
  const Answer answer = phase("--n 2^20,2^100 --kappa 1/4,1/2 --json");
  REQUIRE(answer.status == 0);
  const json object = json::parse(answer.output);
  REQUIRE(object["points"].size() == 4);
  CHECK(object["points"][0]["pays"] == "verified");
  CHECK(object["points"][1]["pays"] == "refuted");
  for (const json& star : object["kappa_star"]) {
    CHECK(star["pays_decimal"].get<double>() < star["does_not_pay_decimal"].get<double>());
    CHECK(star["pays_decimal"].get<double>() > object["limit_kappa_star_estimate"].get<double>());
  }
}

TEST_CASE("phase: a run cut anywhere and resumed writes the same bytes") {
  const TemporaryFolder folder;
  const std::string sweep = "--kind tensor --n 2^20,2^40 --kappa 1/2:1:3 --out " + folder.path.string();
  REQUIRE(phase(sweep).status == 0);
  const std::string log = contents(folder.path / "phase.jsonl"),
                    result = contents(folder.path / "phase.json");
  for (const size_t kept : {size_t{0}, log.size() / 3, log.size() - 1}) {
    std::ofstream(folder.path / "phase.jsonl", std::ios::binary) << log.substr(0, kept);
    fs::remove(folder.path / "phase.json");
    REQUIRE(phase(sweep + " --resume").status == 0);
    CHECK(contents(folder.path / "phase.jsonl") == log);
    CHECK(contents(folder.path / "phase.json") == result);
  }
  CHECK(phase("--n 2^20 --kappa 1/2 --resume --out " + folder.path.string()).status == 2);
}

TEST_CASE("phase: bad input is one line and exit status 2") {
  for (const char* arguments :
       {"--n 1", "--n 2^x", "--kappa 1:0:3", "--kappa -1", "--kappa 0:1:1", "--kappa ''", "--c 0", "--C -1",
        "--kind cubic", "--mode measured", "--kappa 1e9"}) {
    const Answer answer = phase(arguments);
    INFO(arguments << ": " << answer.errors);
    CHECK(answer.status == 2);
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
  }
}
