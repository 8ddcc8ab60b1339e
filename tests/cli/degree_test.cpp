// attnbounds degree as its users run it, and its certificates in the hands of attnbounds-check.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

using nlohmann::json;

Answer degree(const std::string& arguments) { return run_program("attnbounds", "degree " + arguments); }

}  // namespace

TEST_CASE("degree: JSON as the contract has it, with errors on both sides of epsilon") {
  const Answer answer = degree("--interval 12 --eps 1e-12 --json");
  REQUIRE(answer.status == 0);
  CHECK(answer.errors.empty());
  const json object = json::parse(answer.output);
  CHECK(object["degree"] == 33);
  CHECK(object["method"] == "minimax");
  CHECK(std::stod(object["error"]["upper"].get<std::string>()) <= 1e-12);
  CHECK(std::stod(object["error_below"]["lower"].get<std::string>()) > 1e-12);
  CHECK(object["bound_theory"]["value"].get<double>() > 0);
}

TEST_CASE("degree: edges of the input") {
  CHECK(json::parse(degree("--interval 0 --eps 1e-9 --json").output)["degree"] == 0);
  CHECK(json::parse(degree("--interval 2 --eps 0.97 --json").output)["degree"] == 0);
  CHECK(json::parse(degree("--interval 1/100 --eps 1e-400 --json").output)["degree"] == 102);
  const json window = json::parse(degree("--interval 1e6 --eps 1e-30 --json --quiet").output);
  CHECK(window["method"] == "sandwich");
  CHECK(window["degree_needed"].get<long>() <= window["degree"].get<long>());
  CHECK(json::parse(
            degree("--interval 4 --eps 1e-6 --method chebyshev --error absolute --json").output)["degree"] ==
        13);
  CHECK(json::parse(
            degree("--interval 4 --eps 1e-6 --method taylor --error absolute --json").output)["degree"] ==
        19);
}

TEST_CASE("degree: bad input is one line, exit status 2, and writes nothing") {
  const TemporaryFolder folder;
  const std::string certificate = " --certificate " + (folder.path / "c.json").string();
  for (const char* arguments :
       {"--interval nan --eps 1", "--interval 1 --eps 0", "--interval 1 --eps -1e-3", "--interval -1 --eps 1",
        "--interval inf --eps 1", "--interval 1", "--eps 1", "--interval 1 --eps 1e",
        "--interval 1 --eps 1 --error both", "--interval 1 --eps 1 --method magic", "--interval 1e9 --eps 1",
        "--interval 1 --eps 1/0", "--interval 1 --eps ''", "--interval 1 --eps 1e-9 --method taylor",
        "--interval 1 --eps 1e-999999999"}) {
    const Answer answer = degree(arguments + certificate);
    INFO(arguments << ": " << answer.errors);
    CHECK(answer.status == 2);
    CHECK(answer.output.empty());
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
    CHECK(fs::is_empty(folder.path));
  }
}

TEST_CASE(
    "degree: attnbounds-check re-proves every certificate, worst cases included, and nothing stronger") {
  const TemporaryFolder folder;
  const std::string path = (folder.path / "proof.json").string();
  std::ifstream worst(ATTNBOUNDS_SOURCE_DIR "/tests/data/worst_least_degrees.txt");
  std::vector<std::string> lines = {"relative 1e-3 1e-60 14", "relative 2 0.97 0", "absolute 2 100 0",
                                    "relative 40 1e-10 67", "relative 5/3 0.01 4"};
  for (std::string line; std::getline(worst, line);)
    if (line[0] != '#') lines.push_back(line);
  for (const std::string& line : lines) {
    std::istringstream fields(line);
    std::string kind, X, epsilon;
    long expected = -1;
    fields >> kind >> X >> epsilon >> expected;
    INFO(line);
    const Answer answer = degree("--interval " + X + " --eps " + epsilon + " --error " + kind +
                                 " --method minimax --json --certificate " + path);
    REQUIRE(answer.status == 0);
    CHECK(json::parse(answer.output)["degree"] == expected);
    CHECK(run_program("attnbounds-check", path).status == 0);
    json altered = json::parse(contents(path));
    altered["degree"] = expected + 1;
    std::ofstream(path) << altered;
    CHECK(run_program("attnbounds-check", path).status != 0);
  }
}
