// attnbounds verify --card and attnbounds challenge --search as scripts call them.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

Answer run_attnbounds(const std::string& arguments) { return run_program("attnbounds", arguments); }
const std::string examples = ATTNBOUNDS_SOURCE_DIR "/examples/";

std::string write(const fs::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return file.string();
}
bool has_python() { return std::system("python3 -c '' >/dev/null 2>&1") == 0; }

/// Attention in plain Python, wrong by `error` at the first entry; takes what numpy or lists give.
std::string python_attention(double error) {
  return "import math\n"
         "def attention(q, k, v):\n"
         "    d = len(q[0])\n"
         "    out = []\n"
         "    for row in q:\n"
         "        s = [sum(float(a) * float(b) for a, b in zip(row, key)) / d for key in k]\n"
         "        w = [math.exp(x - max(s)) for x in s]\n"
         "        out.append([sum(a * float(b[c]) for a, b in zip(w, v)) / sum(w) for c in "
         "range(len(v[0]))])\n"
         "    out[0][0] += " +
         std::to_string(error) + "\n    return out\n";
}

}  // namespace

TEST_CASE(
    "verify --card: a true card is 0, a false one 1 with its instance in LaTeX, an unsatisfiable one 3") {
  const Answer holds = run_attnbounds("verify --json --card " + examples + "cards/softmax_perturbation.card");
  CHECK(holds.status == 0);
  CHECK(holds.errors.empty());
  const auto json = nlohmann::json::parse(holds.output);
  CHECK(json.at("seed") == 0);
  REQUIRE(json.at("claims").size() == 1);
  const auto& claim = json.at("claims")[0];
  CHECK(claim.at("id") == "card/softmax_perturbation");
  CHECK(claim.at("verdict") == "verified");
  CHECK(claim.at("ratio").get<double>() <= 1);
  CHECK(claim.at("twin_refuted") == true);
  for (const char* key : {"instances", "worst_instance", "precision", "seconds", "slack", "latex", "source"})
    CHECK(claim.contains(key));

  const Answer refuted = run_attnbounds("verify --card " + examples + "cards/false/rank_halved.card");
  CHECK(refuted.status == 1);
  CHECK(refuted.output.find("REFUTED") != std::string::npos);
  CHECK(refuted.output.find(R"(\begin{pmatrix})") != std::string::npos);

  const TemporaryFolder folder;
  const std::string none =
      write(folder.path / "none.card", "given x in rationals [0, 1]\nwhere x > 2\nclaim x <= 1\n");
  CHECK(run_attnbounds("verify --card " + none).status == 3);
}

TEST_CASE("verify --card: an error has status 2, its line, and a caret under its place") {
  const TemporaryFolder folder;
  const std::string bad = write(folder.path / "bad.card", "given x in rationals [0, 1]\nclaim phi(x <= 1\n");
  const Answer answer = run_attnbounds("verify --json --card " + bad);
  CHECK(answer.status == 2);
  CHECK(answer.output.empty());
  CHECK(answer.errors ==
        "claim phi(x <= 1\n            ^\nattnbounds: " + bad + ":2:13: expected ')', found '<='\n");
  CHECK(run_attnbounds("verify --card /no/such.card").status == 2);
  CHECK(run_attnbounds("verify --card " + bad + " --claim x/y").status == 2);
}

TEST_CASE("challenge --search finds the worst input of a named kernel and writes it") {
  const TemporaryFolder folder;
  const std::string out = (folder.path / "out").string();
  const Answer answer = run_attnbounds(
      "challenge --search --json --kernel taylor-3 --n 3 --d 1 --bound 2 --budget 150 --out " + out);
  CHECK(answer.status == 0);
  const auto json = nlohmann::json::parse(answer.output);
  CHECK(json.at("program") == "taylor-3");
  CHECK(json.at("evaluations").get<int>() <= 150);
  CHECK(std::stod(json.at("worst").at("error").at("lower").get<std::string>()) >
        1);  // the negative denominator
  for (const char* file : {"worst/q.npy", "worst/k.npy", "worst/v.npy", "worst/instance.json", "shrunk/q.npy",
                           "search.json", "result.json"})
    CHECK(fs::exists(fs::path(out) / file));
  CHECK(run_attnbounds(
            "challenge --search --json --kernel taylor-3 --n 3 --d 1 --bound 2 --budget 150 --resume --out " +
            out)
            .status == 0);
}

TEST_CASE(
    "challenge --search: a claim that the program breaks is status 1; bad options are status 2, one line") {
  const Answer broken =
      run_attnbounds("challenge --search --kernel softmax-float32 --claims 1e-9 --n 3 --d 2 --budget 60");
  CHECK(broken.status == 1);
  CHECK(broken.output.find("VIOLATED") != std::string::npos);
  for (const char* bad :
       {"--kernel nothing", "--kernel taylor-3 --kind tensor", "--kernel exact --n 0",
        "--kernel exact --bound 0", "--kernel exact --budget 0", "", "--library /no/such.so",
        "--kernel exact --resume", "--kind cubic", "--descriptors 98 99", "--kernel exact --objective fame",
        "--kernel exact --claims -1"}) {
    INFO(bad);
    const Answer answer = run_attnbounds(std::string("challenge --search ") + bad);
    CHECK(answer.status == 2);
    CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
  }
}

TEST_CASE("challenge --search asks a command, a served program, a callable and a shared library alike") {
  if (!has_python()) return;
  const TemporaryFolder folder;
  fs::copy_file(examples + "challenge/attnbounds_challenge.py", folder.path / "attnbounds_challenge.py");
  write(folder.path / "mine.py", python_attention(0.015625));
  write(folder.path / "served.py",
        "from attnbounds_challenge import serve\nfrom mine import attention\nserve(attention)\n");
  write(folder.path / "once.py",
        "import sys\nimport attnbounds_challenge as c\nfrom mine import attention\n"
        "sys.exit(0 if c._answer(attention, sys.argv[1] + '\\t' + sys.argv[2]) == 'ok' else 1)\n");
  write(folder.path / "callable.py",
        "import json\nfrom attnbounds_challenge import search\nfrom mine import attention\n"
        "print(json.dumps(search(attention, n=3, d=2, bound=1, program='" ATTNBOUNDS_BINARY_DIR
        "/attnbounds', budget=40)))\n");
  const std::string at = " --n 3 --d 2 --bound 1 ";
  const Answer served = run_attnbounds("challenge --search --json --budget 40 --serve" + at + "-- python3 " +
                                       (folder.path / "served.py").string());
  CHECK(served.status == 0);
  auto expected = nlohmann::json::parse(served.output);
  CHECK(std::stod(expected.at("worst").at("error").at("lower").get<std::string>()) >= 0.0156);
  expected.erase("program");

  const std::string callable_out = (folder.path / "callable.json").string();
  REQUIRE(std::system(("timeout 100 python3 " + (folder.path / "callable.py").string() + " >" + callable_out)
                          .c_str()) == 0);
  auto callable = nlohmann::json::parse(contents(callable_out));
  CHECK(callable.at("program") == "callable");
  callable.erase("program");
  CHECK(callable == expected);

  const Answer once = run_attnbounds("challenge --search --json --budget 20" + at + "-- python3 " +
                                     (folder.path / "once.py").string());
  CHECK(once.status == 0);
  CHECK(nlohmann::json::parse(once.output).at("failures") == 0);

  // A function that fails on every input: nothing to compare, undecided.
  write(folder.path / "fails.py",
        "from attnbounds_challenge import serve\ndef f(*m):\n    raise ValueError('no')\nserve(f)\n");
  CHECK(run_attnbounds("challenge --search --budget 20 --serve -- python3 " +
                       (folder.path / "fails.py").string())
            .status == 3);
  CHECK(run_attnbounds("challenge --search --budget 20 -- /no/such/program").status == 2);

  if (std::system("cc --version >/dev/null 2>&1") != 0) return;
  write(
      folder.path / "mine.c",
      "#include \"attnbounds_program.h\"\n#include <math.h>\n"
      "int attnbounds_program(const char* kind, const struct attnbounds_matrix* in, long count, long rows,\n"
      "                       long columns, double* out, double* bound) {\n"
      "  (void)kind; (void)count;\n"
      "  for (long i = 0; i < rows; ++i) for (long c = 0; c < columns; ++c) {\n"
      "    double n = 0, z = 0;\n"
      "    for (long j = 0; j < in[1].rows; ++j) {\n"
      "      double s = 0;\n"
      "      for (long l = 0; l < in[0].columns; ++l)\n"
      "        s += in[0].entries[i * in[0].columns + l] * in[1].entries[j * in[1].columns + l];\n"
      "      const double w = exp(s / in[0].columns);\n"
      "      z += w; n += w * in[2].entries[j * columns + c];\n"
      "    }\n"
      "    out[i * columns + c] = n / z;\n"
      "  }\n"
      "  *bound = 1e-18;\n  return 0;\n}\n");
  const std::string library = (folder.path / "libmine.so").string();
  REQUIRE(std::system(("cc -shared -fPIC -O1 -I" + examples + "challenge " +
                       (folder.path / "mine.c").string() + " -o " + library + " -lm")
                          .c_str()) == 0);
  const Answer from_library =
      run_attnbounds("challenge --search --json --budget 60 --library " + library + at);
  CHECK(from_library.status == 1);  // no double keeps 1e-18
  CHECK(nlohmann::json::parse(from_library.output).at("violations").get<int>() > 0);
}
