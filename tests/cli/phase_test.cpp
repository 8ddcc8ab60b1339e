// attnbounds phase as its users run it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

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
    CHECK(star["pays_decimal"].get<double>() > std::stod(star["limit"]["upper"].get<std::string>()));
    CHECK(std::stod(star["hard_direct"]["lower"].get<std::string>()) >
          star["does_not_pay_decimal"].get<double>());
  }
  for (const json& point : object["points"]) {
    for (const char* column : {"degree", "log10_rank", "log10_operations", "log10_seconds_estimate"})
      CHECK(point.contains(column));
    const double operations = std::stod(point["log10_operations"]["upper"].get<std::string>());
    CHECK(operations > std::stod(point["log10_rank"]["upper"].get<std::string>()));
    CHECK(point["log10_seconds_estimate"].get<double>() == Approx(operations - 10));
  }
}

TEST_CASE("phase: a dry run counts the tasks and estimates the time, and writes nothing") {
  const TemporaryFolder folder;
  const Answer answer =
      phase("--kind both --n 2^20,2^40 --kappa 1/8*2*5 --c 1,2 --crossover --dry-run --json --out " +
            (folder.path / "out").string());
  REQUIRE(answer.status == 0);
  const json object = json::parse(answer.output);
  CHECK(object["tasks"] == 2 * 2 * (2 * 5 + 2 + 5));
  CHECK(object["seconds_estimate"].get<double>() > 0);
  CHECK(!fs::exists(folder.path / "out"));
}

TEST_CASE("phase: tables and figures stand beside the lines") {
  const TemporaryFolder folder;
  REQUIRE(phase("--kind both --n 2^10,2^20 --kappa 1/4,1/2 --out " + folder.path.string()).status == 0);
  for (const char* file :
       {"phase.json", "points.csv", "kappa_star.csv", "threshold.tex", "threshold-cells-1.csv",
        "threshold-cells-2.csv", "threshold-curves-1.csv", "threshold.gnuplot", "threshold.html"})
    CHECK(fs::exists(folder.path / file));
  // Four corners a cell, four cells.
  const std::string cells = contents(folder.path / "threshold-cells-1.csv");
  CHECK(std::count(cells.begin(), cells.end(), '\n') == 1 + 4 * 4);
}

TEST_CASE("phase: measured lines are the same bytes again, times stand apart") {
  const TemporaryFolder first, second;
  const std::string sweep =
      "--mode measured --n 16,32 --kappa 1/2,2 --families random,light-bulb --ranks 4,40 --repeats 1 --quiet "
      "--out ";
  const Answer answer = phase(sweep + first.path.string());
  INFO(answer.errors);
  REQUIRE(answer.status == 0);
  REQUIRE(phase(sweep + second.path.string() + " --threads 1").status == 0);
  const std::string lines = contents(first.path / "phase.jsonl");
  CHECK(lines == contents(second.path / "phase.jsonl"));
  CHECK(lines.find("timing") == std::string::npos);
  CHECK(contents(first.path / "timings.jsonl").find("exact_over_polynomial") != std::string::npos);
  for (const char* file : {"measured.csv", "measured-time.tex", "measured-rank.tex", "measured-decide.tex"})
    CHECK(fs::exists(first.path / file));
  std::istringstream text(lines);
  long ranks = 0;
  for (std::string line; std::getline(text, line);) {
    const json object = json::parse(line);
    if (object["record"] != "rank" || object.contains("missed")) continue;
    ++ranks;
    CHECK(object["every_v"]["at_least"] <= object["every_v"]["at_most"]);
    CHECK(object["every_v"]["at_least"].get<long>() >= 1);
  }
  CHECK(ranks >= 4);
}

TEST_CASE("phase: times of every family, matrix and tensor, with what each method proved") {
  const TemporaryFolder folder;
  const std::string families = "random,light-bulb,planted-orthogonal,planted-gap";
  const Answer answer =
      phase("--mode measured --kind both --n 24,32 --kappa 1/32,1/2 --records time --quiet --families " +
            families + " --out " + folder.path.string());
  INFO(answer.errors);
  REQUIRE(answer.status == 0);
  std::istringstream text(contents(folder.path / "phase.jsonl")),
      timings(contents(folder.path / "timings.jsonl"));
  long lines = 0, met = 0;
  for (std::string line; std::getline(text, line); ++lines) {
    const json object = json::parse(line);
    INFO(line);
    CHECK(object["record"] == "time");
    REQUIRE(!object.contains("missed"));
    CHECK(object["exact"]["bound"].get<double>() < 1e-9);
    if (object["polynomial"].contains("missed")) continue;
    ++met;  // the guarantee n^-C |V|, values of at most 1
    CHECK(object["polynomial"]["bound"].get<double>() <= 1.0 / object["n"].get<double>() * (1 + 1e-5));
  }
  CHECK(lines == 2 * 2 * 2 * 4);
  CHECK(met >= lines / 2);
  long times = 0;
  for (std::string line; std::getline(timings, line); ++times)
    CHECK(json::parse(line)["timing"]["exact"].get<double>() > 0);
  CHECK(times == lines);
  const std::string figure = contents(folder.path / "measured-time.tex");
  for (const char* family : {"random", "light-bulb", "planted-orthogonal", "planted-gap"})
    for (const char* kind : {"matrix", "tensor"})
      CHECK(figure.find(std::string(kind) + ", " + family) != std::string::npos);
  CHECK(figure.find("d = 8 log n") != std::string::npos);  // kappa* at the hard families' d
}

TEST_CASE("phase: with fewer timed rows the polynomial is still that of all tokens") {
  const std::string sweep =
      "--mode measured --n 512 --kappa 1/8,1/2 --families random,light-bulb --records time --json --rows ";
  const json few = json::parse(phase(sweep + "16").output)["records"],
             all = json::parse(phase(sweep + "512").output)["records"];
  REQUIRE(few.size() == 4);
  for (std::size_t i = 0; i < few.size(); ++i) {
    INFO(all[i].dump());
    CHECK(few[i]["timed_rows"] == 16);
    for (const char* key : {"degree", "rank"})
      CHECK(few[i]["polynomial"].value(key, -1) == all[i]["polynomial"].value(key, -1));
  }
}

TEST_CASE("phase: ranks beyond --rank-n are bounded by rows, the same bytes when cut and resumed") {
  const TemporaryFolder folder;
  const std::string sweep =
      "--mode measured --n 64,256 --kappa 1/4,2 --families random,planted-gap --records rank --rank-n 64 "
      "--quiet --out " +
      folder.path.string();
  REQUIRE(phase(sweep + " --probe-rows 24").status == 0);
  const std::string log = contents(folder.path / "phase.jsonl"),
                    result = contents(folder.path / "phase.json");
  std::istringstream text(log);
  long probed = 0;
  for (std::string line; std::getline(text, line);) {
    const json object = json::parse(line);
    INFO(line);
    REQUIRE(!object.contains("missed"));
    CHECK(object.contains("probe_rows") == (object["n"] == 256));
    for (const char* sense : {"every_v", "relative"})
      CHECK(object[sense]["at_least"] <= object[sense]["at_most"]);
    if (!object.contains("probe_rows")) continue;
    ++probed;
    CHECK(object["probe_rows"] == 24);
    CHECK(object["every_v"]["at_least"].get<long>() <= 24);
    // The same point decomposed whole is at most what the probe says, and at least.
    const json whole =
        json::parse(phase("--mode measured --n 256 --kappa " + object["kappa"].get<std::string>() +
                          " --families " + object["family"].get<std::string>() + " --records rank --json")
                        .output)["records"][0];
    REQUIRE(!whole.contains("probe_rows"));
    for (const char* sense : {"every_v", "relative"}) {
      CHECK(object[sense]["at_least"] <= whole[sense]["at_most"]);
      CHECK(object[sense]["at_most"] >= whole[sense]["at_least"]);
    }
  }
  CHECK(probed == 4);
  for (const size_t kept : {size_t{0}, log.size() / 3, log.size() - 1}) {
    std::ofstream(folder.path / "phase.jsonl", std::ios::binary) << log.substr(0, kept);
    fs::remove(folder.path / "phase.json");
    REQUIRE(phase(sweep + " --probe-rows 24 --threads 1 --resume").status == 0);
    CHECK(contents(folder.path / "phase.jsonl") == log);
    CHECK(contents(folder.path / "phase.json") == result);
  }
  CHECK(phase(sweep + " --probe-rows 25 --resume").status == 2);  // another sweep
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
  for (const char* arguments : {"--n 1",
                                "--n 2^x",
                                "--kappa 1:0:3",
                                "--kappa -1",
                                "--kappa 0:1:1",
                                "--kappa ''",
                                "--c 0",
                                "--C -1",
                                "--kind cubic",
                                "--mode guessed",
                                "--kappa 1e9",
                                "--B 0",
                                "--rate 0",
                                "--mode measured --n 2^400",
                                "--mode measured --n 3/2",
                                "--mode measured --kappa 0",
                                "--mode measured --families dense",
                                "--mode measured --problem gradient",
                                "--mode measured --records speed",
                                "--mode measured --records ''",
                                "--mode measured --probe-rows 0",
                                "--mode measured --probe-rows 5000",
                                "--mode measured --probe-rows many",
                                "--resume",
                                "--c 1,0"}) {
    const Answer answer = phase(arguments);
    INFO(arguments << ": " << answer.errors);
    CHECK(answer.status == 2);
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
  }
}
