// attnbounds verify and attnbounds claims as scripts call them.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

namespace fs = std::filesystem;
Answer run_attnbounds(const std::string& arguments) { return run_program("attnbounds", arguments); }

}  // namespace

TEST_CASE("claims lists the catalogue as the contract says") {
  const Answer answer = run_attnbounds("claims --json");
  CHECK(answer.status == 0);
  const auto claims = nlohmann::json::parse(answer.output).at("claims");
  CHECK(claims.size() >= 13);
  for (const auto& claim : claims)
    for (const char* key : {"id", "paper", "statement", "source", "file"}) CHECK(claim.contains(key));
}

TEST_CASE("an unknown claim, paper, level or data folder is one line, exit status 2, and nothing written") {
  const fs::path out = fs::temp_directory_path() / ("attnbounds-verify-" + std::to_string(getpid()));
  for (const char* arguments : {"verify --claim no/such", "verify --paper nobody-1900", "verify --level lazy",
                                "verify --data /no/such/folder", "verify --head-eps 0", "claims no/such"}) {
    INFO(arguments);
    const std::string call = arguments;
    const Answer answer = run_attnbounds(call[0] == 'v' ? call + " --out " + out.string() : call);
    CHECK(answer.status == 2);
    CHECK(answer.output.empty());
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(out));
  }
}

TEST_CASE("verify calls a sampled claim statistical, not verified, and counts it as answered") {
  const Answer answer =
      run_attnbounds("verify --json --claim liang-shi-song-zhou-2024-private/noise-of-a-sum");
  CHECK(answer.status == 0);
  CHECK(answer.errors.empty());
  const auto claim = nlohmann::json::parse(answer.output).at("claims").at(0);
  CHECK(claim.at("verdict") == "statistical");
  CHECK(claim.at("twin_refuted") == true);
}

TEST_CASE("verify --json: verdict, ratio at most 1, twin refuted; the same for any number of threads") {
  const auto run = [](const std::string& threads) {
    const Answer answer = run_attnbounds(
        "verify --json --claim alman-song-2023/key-shift --claim alman-song-2023/forward-error --threads " +
        threads);
    CHECK(answer.status == 0);
    CHECK(answer.errors.empty());
    return nlohmann::json::parse(answer.output);
  };
  auto one = run("1"), three = run("3");
  CHECK(one.at("seed") == 0);
  CHECK(one.at("level") == "quick");
  CHECK(one.at("versions").contains("mpfr"));
  REQUIRE(one.at("claims").size() == 2);
  for (auto* j : {&one, &three})
    for (auto& claim : j->at("claims")) {
      CHECK(claim.at("verdict") == "verified");
      CHECK(claim.at("ratio").get<double>() <= 1);
      CHECK(claim.at("twin_refuted") == true);
      CHECK(claim.contains("worst_instance"));
      claim.erase("seconds");
    }
  CHECK(one == three);
}

TEST_CASE(
    "a run's neighbours: LoRA's and the diffusion's points once each, HyperAttention's rows where it is "
    "named") {
  const TemporaryFolder named, other;
  REQUIRE(run_attnbounds("verify --quiet --paper han_et_al_2023_hyperattention --out " + named.path.string())
              .status == 0);
  const auto lines = [](const fs::path& file) {
    std::vector<nlohmann::json> list;
    std::istringstream text(contents(file));
    for (std::string line; std::getline(text, line);) list.push_back(nlohmann::json::parse(line));
    return list;
  };
  const auto rows = lines(named.path / "hyper_attention.jsonl");
  CHECK(rows.size() == 2 + 2 * 4 + 6);  // uniform; four families, two kinds of anchors; every third head
  for (const auto& row : rows)
    CHECK(std::stod(row.at("alpha").at("lower").get<std::string>()) <=
          std::stod(row.at("alpha").at("upper").get<std::string>()));
  const auto points = lines(named.path / "thresholds.jsonl");
  std::set<std::string> different;
  std::set<std::string> of_gradient;
  for (const auto& point : points) {
    different.insert(point.dump());
    if (point.at("problem") == "gradient") of_gradient.insert(point.at("record").get<std::string>());
  }
  CHECK(different.size() == points.size());
  CHECK(of_gradient == std::set<std::string>{"point", "kappa_star"});
  CHECK(contents(named.path / "report.md").find("decide orthogonal vectors from") != std::string::npos);
  CHECK(contents(named.path / "report.html").find("light-bulb, spread anchors") != std::string::npos);
  CHECK(contents(named.path / "figures/neighbours.gnuplot").find("Latent diffusion") != std::string::npos);
  REQUIRE(run_attnbounds("verify --quiet --claim hu-et-al-2024-lora/score-range --out " + other.path.string())
              .status == 0);
  CHECK_FALSE(fs::exists(other.path / "hyper_attention.jsonl"));
}
