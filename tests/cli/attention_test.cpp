// attnbounds attention as its users run it.
#include "attention/attention.hpp"

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "cli/program.hpp"
#include "numeric/exact_text.hpp"
#include "numeric/npy.hpp"
#include "numeric/random.hpp"

namespace {

using namespace attnbounds;
using nlohmann::json;

// A folder with q.npy k.npy v.npy k2.npy v2.npy.
struct Instance : TemporaryFolder {
  Instance(Eigen::Index n, Eigen::Index d, double bound) {
    Stream draw(0, "cli attention");
    for (const char* name : {"q.npy", "k.npy", "v.npy", "k2.npy", "v2.npy"})
      put(name, draw.uniform_matrix(n, d, bound));
  }
  std::string file(const std::string& name) const { return (path / name).string(); }
  Matrix<double> put(const std::string& name, const Matrix<double>& m) const {
    std::ofstream(file(name), std::ios::binary) << npy_bytes(m);
    return m;
  }
  std::string files() const {
    return " --q " + file("q.npy") + " --k " + file("k.npy") + " --v " + file("v.npy");
  }
};

Answer attend(const Instance& in, const std::string& arguments) {
  return run_program("attnbounds", "attention" + in.files() + " " + arguments);
}

void check_one_line(const Answer& answer, int status) {
  CHECK(answer.status == status);
  CHECK(answer.output.empty());
  CHECK(std::count(answer.errors.begin(), answer.errors.end(), '\n') == 1);
}

}  // namespace

TEST_CASE("attention reports a guaranteed bound that the certified error respects") {
  const Instance in(6000, 2, 1);  // where polynomial is the cheaper by far
  for (const std::string method : {"auto", "polynomial", "exact"}) {
    const Answer answer = attend(in, "--eps 1e-4 --json --certify --method " + method);
    REQUIRE(answer.status == 0);
    CHECK(answer.errors.empty());
    const json result = json::parse(answer.output);
    CHECK(result["method"] == (method == "exact" ? "exact" : "polynomial"));
    const Rational bound = rational_from_text(result["bound"].get<std::string>(), "bound");
    CHECK(rational_from_text(result["error"]["upper"].get<std::string>(), "error") <= bound);
    CHECK(bound <= Rational(1, 10000));
    CHECK(rational_from_text(result["bound_decimal"].get<std::string>(), "bound") >= bound);
  }
}

TEST_CASE(
    "--arithmetic float on the CPU: its own bound is met, certified, and what floats cannot prove goes on") {
  const Instance in(200, 2, 1);
  const std::string tensor = " --k2 " + in.file("k2.npy") + " --v2 " + in.file("v2.npy");
  for (const std::string& more : {std::string(), std::string(" --causal"), tensor, tensor + " --causal"})
    for (const std::string method : {"polynomial", "exact"}) {
      const Answer answer =
          attend(in, "--eps 1e-3 --json --certify --arithmetic float --method " + method + more);
      INFO(answer.errors);
      REQUIRE(answer.status == 0);
      const json result = json::parse(answer.output);
      CHECK(result["arithmetic"] == "float");
      CHECK(result["method"] == method);
      CHECK(result["guarantee_verdict"] == "verified");
      CHECK(result["budget_verdict"] == "verified");
      CHECK(rational_from_text(result["bound_rounding"].get<std::string>(), "bound") > Rational(1, 1000000));
    }
  const Answer narrow = attend(in, "--eps 1e-9 --json --certify --arithmetic float --method exact");
  REQUIRE(narrow.status == 0);
  CHECK(json::parse(narrow.output)["reason"].get<std::string>().find("in float its proved error is") !=
        std::string::npos);
}

TEST_CASE("the output file holds the output, and the same bytes for any number of threads") {
  const Instance in(600, 2, 1);
  REQUIRE(attend(in, "--eps 1e-5 --method polynomial --threads 1 --out " + in.file("a.npy")).status == 0);
  REQUIRE(attend(in, "--eps 1e-5 --method polynomial --threads 4 --out " + in.file("b.npy")).status == 0);
  CHECK(contents(in.file("a.npy")) == contents(in.file("b.npy")));
  const Matrix<double> output = read_npy(in.file("a.npy"));
  const Matrix<double> expected =
      attention(read_npy(in.file("q.npy")), read_npy(in.file("k.npy")), read_npy(in.file("v.npy")));
  CHECK((output - expected).cwiseAbs().maxCoeff() < 1e-5);
}

TEST_CASE("enclosures contain the output's exact values, masked, for matrix and tensor") {
  const Instance in(6, 2, 1);
  const std::string enclosures = " --causal --precision 80 --enclosures " + in.file("e.json");
  for (const bool tensor : {false, true}) {
    const std::string more = tensor ? " --k2 " + in.file("k2.npy") + " --v2 " + in.file("v2.npy") : "";
    REQUIRE(attend(in, "--eps 1e-9 --out " + in.file("o.npy") + enclosures + more).status == 0);
    const Matrix<double> output = read_npy(in.file("o.npy"));
    const json entries = json::parse(contents(in.file("e.json")))["entries"];
    for (Eigen::Index i = 0; i < 6; ++i)
      for (Eigen::Index c = 0; c < 2; ++c) {
        const Rational low = rational_from_text(entries[i][c]["lower"].get<std::string>(), "lower"),
                       high = rational_from_text(entries[i][c]["upper"].get<std::string>(), "upper"),
                       slack = Rational(1, 1L << 50);
        CHECK(low <= high);
        CHECK(high - low <= Rational(1, 1L << 62) / (1 << 16));
        CHECK(low - slack <= to_rational(output(i, c)));
        CHECK(to_rational(output(i, c)) <= high + slack);
      }
  }
}

TEST_CASE("a budget that no double meets is missed: status 1, certified") {
  const Instance in(5, 2, 1);
  const Answer answer = attend(in, "--eps 1e-400 --certify --json");
  CHECK(answer.status == 1);
  CHECK(json::parse(answer.output)["budget_verdict"] == "refuted");
  CHECK(json::parse(answer.output)["guarantee_verdict"] == "verified");
  CHECK(attend(in, "--eps 1e-30").status == 1);
  check_one_line(attend(Instance(5, 2, 100), "--eps 1e-6 --method polynomial"), 1);
}

TEST_CASE("bad input is refused with one line, status 2, and nothing is written") {
  const Instance in(5, 2, 1);
  const std::string out = " --out " + in.file("o.npy");
  for (const char* eps : {"0", "-1", "nan", "inf", "x", "1e999999999"})
    check_one_line(attend(in, "--eps=" + std::string(eps) + out), 2);
  check_one_line(attend(in, "--eps 1e-3 --device cuda" + out), 2);
  for (const char* arithmetic : {"mixed", "half"})  // of a device only, and none that is known
    check_one_line(attend(in, std::string("--eps 1e-3 --arithmetic ") + arithmetic + out), 2);
  check_one_line(attend(in, "--eps 1e-3 --precision 60 --arithmetic float" + out), 2);
  check_one_line(attend(in, "--eps 1e-3 --method magic" + out), 2);
  check_one_line(attend(in, "--eps 1e-3 --k2 " + in.file("k2.npy") + out), 2);
  check_one_line(attend(in, "--eps 1e-3 --precision 0" + out), 2);
  check_one_line(run_program("attnbounds", "attention --eps 1"), 2);

  // The writer refuses NaN, so entry (3, 1) of the 5 x 2 matrix is spoiled in the file.
  std::string spoiled = contents(in.file("v.npy"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::memcpy(spoiled.data() + spoiled.size() - (10 - 7) * sizeof nan, &nan, sizeof nan);
  std::ofstream(in.file("v.npy"), std::ios::binary) << spoiled;
  check_one_line(attend(in, "--eps 1e-3" + out), 2);
  in.put("v.npy", Matrix<double>::Ones(4, 2));
  const Answer shapes = attend(in, "--eps 1e-3" + out);
  check_one_line(shapes, 2);
  CHECK(shapes.errors.find("5 x 2") != std::string::npos);
  std::string empty = npy_bytes(Matrix<double>::Ones(4, 2));  // the writer refuses it: 0 rows, by hand
  empty.replace(empty.find("(4, 2)"), 6, "(0, 2)").resize(empty.size() - 8 * sizeof nan);
  std::ofstream(in.file("v.npy"), std::ios::binary) << empty;
  check_one_line(attend(in, "--eps 1e-3" + out), 2);
  const std::string bytes = npy_bytes(Matrix<double>::Ones(5, 2));
  std::ofstream(in.file("v.npy"), std::ios::binary) << bytes.substr(0, bytes.size() - 3);
  check_one_line(attend(in, "--eps 1e-3" + out), 2);
  std::ofstream(in.file("v.npy"), std::ios::binary) << "no array";
  check_one_line(attend(in, "--eps 1e-3" + out), 2);
  fs::remove(in.file("v.npy"));
  check_one_line(attend(in, "--eps 1e-3" + out), 2);
  CHECK_FALSE(fs::exists(in.file("o.npy")));
}

TEST_CASE("one token and one feature are no special case") {
  const Instance in(1, 1, 1);
  for (const std::string arguments :
       {"--eps 1e-9 --certify", "--eps 1e-9 --certify --causal", "--eps 1e-9 --certify --method polynomial"})
    CHECK(attend(in, arguments).status == 0);
}

TEST_CASE("--certify takes the double-double reference where it decides, and multiprecision elsewhere") {
  const Instance in(12, 3, 2);
  const auto reference = [&](const std::string& arguments) {
    const Answer answer = attend(in, arguments + " --certify --json");
    INFO(answer.errors);
    const auto json = nlohmann::json::parse(answer.output);
    CHECK(json["guarantee_verdict"] == "verified");
    return json["reference"].get<std::string>();
  };
  CHECK(reference("--eps 1e-4 --method polynomial") == "double-double");
  CHECK(reference("--eps 1e-12 --method exact --causal") == "double-double");
  CHECK(reference("--eps 1e-400") == "multiprecision");
}
