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
  if (std::system("command -v python3 >/dev/null 2>&1") != 0) {
    WARN("skipped: python3 is not installed");
    return;
  }
  const TemporaryFolder folder;
  write(folder.path / "f.cnf", kSatisfiable);
  const auto recheck = [](const fs::path& path) {
    const std::string command = "python3 '" ATTNBOUNDS_SOURCE_DIR "/reductions/receipt/recheck.py' '" +
                                path.string() + "' >/dev/null 2>&1";
    const int raw = std::system(command.c_str());
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  };
  int number = 0;
  for (const std::string route :
       {"--arity 2", "--arity 3", "--route gap", "--to gradient", "--to ov", "--to maxip --protocol 3 2 7"}) {
    const fs::path out = folder.path / std::to_string(number++);
    INFO(route);
    REQUIRE(run_program("attnbounds", "reduce '" + (folder.path / "f.cnf").string() + "' " + route +
                                          " --out '" + out.string() + "'")
                .status == 0);
    CHECK(recheck(out) == 0);
    std::string vectors = contents(out / "ov.txt");
    vectors.back() = ' ';
    write(out / "ov.txt", vectors);
    CHECK(recheck(out) == 1);
  }
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
        std::string("--family planted-orthogonal --n 6 --arity 3 --d 24"),
        std::string("--family light-bulb --n 32 --d 64"), std::string("--family planted-gap --n 16 --d 64"),
        std::string("--family random-cnf --n 16")}) {
    const fs::path out = folder.path / "hard";
    fs::remove_all(out);
    const Answer made = run_program(
        "attnbounds", "hard " + options + " --kappa 12 --seed 3 --json --out '" + out.string() + "'");
    INFO(options << made.errors);
    REQUIRE(made.status == 0);
    const Json instance = Json::parse(made.output);
    CHECK(std::abs(instance["kappa"].get<double>() - 12) < 1e-9);
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
  const fs::path out = folder.path / "challenge";
  REQUIRE(run_program("attnbounds", "hard --family planted-orthogonal --n 16 --d 24 --kappa 12 --out '" +
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
