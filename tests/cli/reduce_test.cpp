#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "program.hpp"

namespace {

using Json = nlohmann::json;

void write(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

const char* const kSatisfiable =
    "c four variables\np cnf 4 6\n1 2 0\n-1 3 0\n-2 -4 0\n3 4 -1 0\n-3 2 0\n1 -2 4 0\n";
const char* const kUnsatisfiable = "p cnf 2 4\n1 2 0\n-1 2 0\n1 -2 0\n-1 -2 0\n";

bool python() { return std::system("command -v python3 >/dev/null 2>&1") == 0; }

int recheck(const fs::path& path) {
  const std::string command = "python3 '" ATTNBOUNDS_SOURCE_DIR "/reductions/receipt/recheck.py' '" +
                              path.string() + "' >/dev/null 2>&1";
  const int raw = std::system(command.c_str());
  return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
}

}  // namespace

TEST_CASE("reduce then decide answers a formula by every route, with a witness that satisfies it") {
  const TemporaryFolder folder;
  write(folder.path / "yes.cnf", kSatisfiable);
  write(folder.path / "no.cnf", kUnsatisfiable);
  for (const std::string formula : {"yes", "no"})
    for (const std::string route :
         {"--arity 2", "--arity 3", "--arity 2 --route gap", "--route gap --code hermitian", "--to gradient",
          "--arity 3 --to gradient", "--arity 2 --kappa 8"}) {
      const fs::path out = folder.path / "instance";
      fs::remove_all(out);
      INFO(formula << " " << route);
      const Answer reduced =
          run_program("attnbounds", "reduce '" + (folder.path / (formula + ".cnf")).string() + "' " + route +
                                        " --json --out '" + out.string() + "'");
      CHECK(reduced.errors.empty());
      REQUIRE(reduced.status == 0);
      const Json instance = Json::parse(reduced.output);
      for (const char* field : {"path", "kind", "family", "seed", "n", "d", "B", "kappa", "exponent", "gap",
                                "epsilon", "answer", "witness", "matrices"})
        CHECK(instance.contains(field));
      CHECK(instance["epsilon"].get<double>() > 0);
      for (const auto& [name, file] : instance["matrices"].items())
        CHECK(fs::exists(out / file.get<std::string>()));
      const Answer decided = run_program("attnbounds", "decide --json '" + out.string() + "'");
      REQUIRE(decided.status == 0);
      const Json answer = Json::parse(decided.output);
      CHECK(answer["answer"] == (formula == "yes" ? "sat" : "unsat"));
      CHECK(answer["queries"].get<int>() >= 1);
      CHECK(std::stod(answer["gap"]["lower"].get<std::string>()) > 0);
      if (formula == "no") {
        CHECK(answer["witness"].empty());
        continue;
      }
      const auto witness = answer["witness"].get<std::vector<int>>();
      REQUIRE(witness.size() == 4);
      const auto holds = [&](int literal) {
        return witness[static_cast<std::size_t>(std::abs(literal) - 1)] == literal;
      };
      CHECK((holds(1) || holds(2)));
      CHECK((holds(-1) || holds(3)));
      CHECK((holds(-2) || holds(-4)));
      CHECK((holds(-3) || holds(2)));
      CHECK((holds(1) || holds(-2) || holds(4)));
    }
}

TEST_CASE("a second program, in Python, re-derives every arrow, and rejects a spoiled one") {
  if (!python()) {
    WARN("skipped: python3 is not installed");
    return;
  }
  const TemporaryFolder folder;
  write(folder.path / "f.cnf", kSatisfiable);
  write(folder.path / "g.cnf", kUnsatisfiable);
  int number = 0;
  for (const std::string route :
       {"--arity 2", "--arity 3", "--route gap", "--route gap --code hermitian", "--to gradient",
        "--to gradient --arity 3", "--to ov", "--to maxip --protocol 3 2 7"}) {
    const fs::path out = folder.path / std::to_string(number++);
    INFO(route);
    const char* const file =
        route.find("hermitian") == std::string::npos ? "f.cnf" : "g.cnf";  // fewer advices
    REQUIRE(run_program("attnbounds", "reduce '" + (folder.path / file).string() + "' " + route + " --out '" +
                                          out.string() + "'")
                .status == 0);
    CHECK(recheck(out) == 0);
    std::string vectors = contents(out / "ov.txt");
    vectors.back() = ' ';
    write(out / "ov.txt", vectors);
    CHECK(recheck(out) == 1);
  }
}

TEST_CASE("a sparsified formula is decided leaf by leaf, and the second program replays the branching") {
  const TemporaryFolder folder;
  const std::string formulas = ATTNBOUNDS_SOURCE_DIR "/tests/data/formulas/";
  for (const auto& [file, expected] : {std::pair(std::string("van_der_waerden_8.cnf"), std::string("sat")),
                                       {"van_der_waerden_9.cnf", "unsat"}}) {
    const fs::path out = folder.path / expected;
    const Answer reduced = run_program(
        "attnbounds", "reduce '" + formulas + file + "' --sparsify 3 --json --out '" + out.string() + "'");
    INFO(reduced.errors);
    REQUIRE(reduced.status == 0);
    const Json instance = Json::parse(reduced.output);
    CHECK(instance["kind"] == "disjunction");
    CHECK(instance["leaves"].size() > 1);
    CHECK(instance["sparsification"]["most_clauses_of_a_leaf"] <= instance["sparsification"]["bound"]);
    const Answer decided = run_program("attnbounds", "decide --json '" + out.string() + "'");
    REQUIRE(decided.status == 0);
    CHECK(Json::parse(decided.output)["answer"] == expected);
    if (python()) CHECK(recheck(out) == 0);
    // A leaf that is not the formula's.
    std::string leaf = contents(out / "leaf-0" / "formula.cnf");
    write(out / "leaf-0" / "formula.cnf", "c\n" + leaf);
    CHECK(run_program("attnbounds", "decide '" + out.string() + "'").status == 2);
    if (python()) CHECK(recheck(out) == 1);
  }
}

TEST_CASE("the polynomial method decides where it has a proof, and is undecided elsewhere, never wrong") {
  const TemporaryFolder folder;
  write(folder.path / "one.cnf", "p cnf 2 1\n0\n");
  const auto decided = [&](const std::string& options) {
    const fs::path out = folder.path / "instance";
    fs::remove_all(out);
    REQUIRE(run_program("attnbounds", "reduce '" + (folder.path / "one.cnf").string() + "' " + options +
                                          " --out '" + out.string() + "'")
                .status == 0);
    return run_program("attnbounds", "decide --json --method polynomial '" + out.string() + "'");
  };
  const Answer small = decided("");
  REQUIRE(small.status == 0);
  CHECK(Json::parse(small.output)["answer"] == "unsat");
  write(folder.path / "one.cnf", kUnsatisfiable);
  const Answer large = decided("--kappa 200");
  CHECK(large.status == 3);
  CHECK(std::count(large.errors.begin(), large.errors.end(), '\n') == 1);
}

TEST_CASE("reduce writes nothing for bad input and says where it is") {
  const TemporaryFolder folder;
  const fs::path out = folder.path / "instance";
  write(folder.path / "bad.cnf", "p cnf 2 1\n1 3 0\n");
  write(folder.path / "good.cnf", kUnsatisfiable);
  write(folder.path / "wide.cnf", "p cnf 200 1\n1 0\n");
  const auto refused = [&](const std::string& arguments, const std::string& expected) {
    const Answer a = run_program("attnbounds", "reduce " + arguments + " --out '" + out.string() + "'");
    INFO(arguments << a.errors);
    CHECK(a.status == 2);
    CHECK(a.output.empty());
    CHECK_THAT(a.errors, Catch::Matchers::Contains(expected));
    CHECK(std::count(a.errors.begin(), a.errors.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(out));
  };
  const std::string at = "'" + folder.path.string() + "/";
  refused(at + "bad.cnf'", "line 2");
  refused(at + "none.cnf'", "none.cnf");
  refused(at + "wide.cnf'", "variables");
  refused(at + "good.cnf' --kappa 0.01", "--kappa");
  refused(at + "good.cnf' --kappa -1", "--kappa");
  refused(at + "good.cnf' --route gap --code hermitian --protocol 2 2 4", "characteristic");
  refused(at + "good.cnf' --route gap --protocol 2 2 2", "q >");
  refused(at + "good.cnf' --margin 1", "above 1");
  fs::create_directory(out);
  write(out / "mine", "x");
  const Answer occupied =
      run_program("attnbounds", "reduce " + at + "good.cnf' --out '" + out.string() + "'");
  CHECK(occupied.status == 2);
  CHECK(contents(out / "mine") == "x");
}

TEST_CASE("decide refuses a folder that differs from its receipts, and exposes a broken promise") {
  const TemporaryFolder folder;
  write(folder.path / "no.cnf", kUnsatisfiable);
  const fs::path out = folder.path / "instance";
  REQUIRE(run_program("attnbounds",
                      "reduce '" + (folder.path / "no.cnf").string() + "' --out '" + out.string() + "'")
              .status == 0);
  std::string values = contents(out / "v.npy");
  values[values.size() - 1] = '\x3f';  // the anchor's value: no longer 0
  values[values.size() - 2] = '\xf0';
  write(out / "v.npy", values);
  const Answer tampered = run_program("attnbounds", "decide '" + out.string() + "'");
  CHECK(tampered.status == 2);
  CHECK_THAT(tampered.errors, Catch::Matchers::Contains("v.npy"));
  // Without receipts the same folder says yes, and no vectors are orthogonal.
  Json instance = Json::parse(contents(out / "instance.json"));
  instance.erase("receipts");
  write(out / "instance.json", instance.dump());
  CHECK(run_program("attnbounds", "decide '" + out.string() + "'").status == 1);
  CHECK(run_program("attnbounds", "decide '" + folder.path.string() + "/nowhere'").status == 2);
}

TEST_CASE(
    "hard instances have the answer that they state, and challenge tells a good program from a bad one") {
  const TemporaryFolder folder;
  for (const std::string& options :
       {std::string("--family planted-orthogonal --n 16 --d 24"),
        std::string("--family planted-pair --n 16 --d 32"),
        std::string("--family planted-triple --n 6 --d 24"), std::string("--family light-bulb --n 32 --d 64"),
        std::string("--family light-bulb --n 8 --d 64 --arity 3"),
        std::string("--family planted-gap --n 16 --d 64"),
        std::string("--family planted-gap --n 8 --d 64 --arity 3"), std::string("--family random-cnf --n 16"),
        std::string("--family random-cnf --n 8 --arity 3"),
        std::string("--family random-cnf --n 16 --width 4")}) {
    const fs::path out = folder.path / "hard";
    fs::remove_all(out);
    const Answer made = run_program(
        "attnbounds", "hard " + options + " --kappa 12 --seed 3 --json --out '" + out.string() + "'");
    INFO(options << made.errors);
    REQUIRE(made.status == 0);
    const Json instance = Json::parse(made.output);
    CHECK(std::abs(instance["kappa"].get<double>() - 12) < 1e-9);
    for (const char* field : {"path", "kind", "family", "seed", "n", "d", "B", "kappa", "exponent", "gap",
                              "epsilon", "answer", "witness", "matrices"})
      CHECK(instance.contains(field));
    if (python()) CHECK(recheck(out) == 0);
    const Answer decided = run_program("attnbounds", "decide --json '" + out.string() + "'");
    REQUIRE(decided.status == 0);
    const Json answer = Json::parse(decided.output);
    CHECK(answer["answer"] == instance["answer"]);
    if (instance["family"] != "random-cnf") CHECK(answer["tuple"] == instance["witness"]);
    // The same seed, the same bytes.
    const fs::path again = folder.path / "again";
    fs::remove_all(again);
    REQUIRE(run_program("attnbounds",
                        "hard " + options + " --kappa 12 --seed 3 --threads 1 --out '" + again.string() + "'")
                .status == 0);
    for (const auto& [name, file] : instance["matrices"].items())
      CHECK(contents(out / file.get<std::string>()) == contents(again / file.get<std::string>()));
  }
  // Where the exact outputs do not tell, nothing is answered.
  const fs::path silent = folder.path / "silent";
  REQUIRE(run_program("attnbounds", "hard --family planted-pair --n 64 --d 16 --kappa 2 --seed 1 --out '" +
                                        silent.string() + "'")
              .status == 0);
  REQUIRE(Json::parse(contents(silent / "instance.json"))["epsilon"] == 0);
  CHECK(run_program("attnbounds", "decide '" + silent.string() + "'").status == 3);
  const fs::path out = folder.path / "challenge";
  REQUIRE(run_program("attnbounds", "hard --family planted-orthogonal --n 16 --d 48 --kappa 12 --out '" +
                                        out.string() + "'")
              .status == 0);
  write(folder.path / "good.sh",
        "exec '" ATTNBOUNDS_BINARY_DIR
        "/attnbounds' attention --q $1/q.npy --k $1/k.npy --v $1/v.npy --eps 1e-6 --out $2\n");
  write(folder.path / "bad.sh", "cp $1/q.npy $2\n");
  const auto survives = [&](const std::string& program) {
    const Answer a = run_program("attnbounds", "challenge --json '" + out.string() + "' -- sh '" +
                                                   (folder.path / program).string() + "'");
    INFO(a.errors);
    REQUIRE(a.status == 0);
    return Json::parse(a.output)["survives_to_kappa"];
  };
  CHECK(survives("good.sh").is_number());
  CHECK(survives("bad.sh").is_null());
}

TEST_CASE("challenge runs the shipped examples: the largest kappa that they survive, and a plot") {
  const TemporaryFolder folder;
  std::string instances;
  for (const int kappa : {1, 2, 3, 5}) {
    const std::string out = (folder.path / ("bulb" + std::to_string(kappa))).string();
    REQUIRE(run_program("attnbounds", "hard --family light-bulb --n 64 --d 64 --kappa " +
                                          std::to_string(kappa) + " --out '" + out + "'")
                .status == 0);
    instances += "'" + out + "' ";
  }
  const auto challenge = [&](const std::string& program) {
    const fs::path plot = folder.path / "plot.svg";
    const Answer a = run_program(
        "attnbounds", "challenge --json " + instances + " --plot '" + plot.string() + "' -- " + program);
    INFO(a.errors);
    REQUIRE(a.status == 0);
    if (a.errors.find("no plot") == std::string::npos) CHECK(fs::exists(plot));
    return Json::parse(a.output);
  };
  const std::string fixed = "'" ATTNBOUNDS_BINARY_DIR "/examples/fixed_degree' ";
  const Json low = challenge(fixed + "2"), high = challenge(fixed + "16");
  REQUIRE(high["survives_to_kappa"].is_number());
  CHECK(high["survives_to_kappa"].get<double>() >= 1.99);
  CHECK(high["survives_to_kappa"].get<double>() < 4.99);
  CHECK((low["survives_to_kappa"].is_null() ||
         low["survives_to_kappa"].get<double>() < high["survives_to_kappa"].get<double>()));
  if (std::system("python3 -c 'import numpy' >/dev/null 2>&1") != 0) {
    WARN("skipped: random features need numpy");
    return;
  }
  const Json features =
      challenge("python3 '" ATTNBOUNDS_SOURCE_DIR "/examples/challenge/random_features.py'");
  for (const Json& trial : features["instances"]) CHECK(trial["failure"] == "");
}
