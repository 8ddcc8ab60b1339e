// attnbounds-check as its users run it: what it says of hand-made certificates (tests/data/certificates,
// made by scripts that share nothing with src/), of spoiled ones, and of 200 random alterations judged
// by a sampling oracle that knows nothing of the checker's method.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "catch.hpp"
#include "cli/program.hpp"

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path kCertificates = fs::path(ATTNBOUNDS_SOURCE_DIR) / "tests/data/certificates";

Answer check(const std::string& arguments) { return run_program("attnbounds-check", arguments); }

struct Expected {
  std::string name, line;
  int status;
};

std::vector<Expected> expected_in(const fs::path& folder) {
  std::vector<Expected> result;
  std::ifstream file(folder / "expected.txt");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    result.push_back({line.substr(0, first), line.substr(second + 1), std::stoi(line.substr(first + 1))});
  }
  return result;
}

void check_folder(const fs::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) files += entry.path().extension() == ".json";
  const auto all = expected_in(folder);
  REQUIRE(all.size() == files);
  for (const Expected& expected : all) {
    INFO(expected.name);
    const std::string file = (folder / (expected.name + ".json")).string();
    const Answer answer = check(file);
    CHECK(answer.status == expected.status);
    const std::string line = file + ": " + expected.line + "\n";
    CHECK(answer.output == line);
    CHECK(answer.errors.empty());
  }
}

}  // namespace

TEST_CASE("hand-made certificates are verified, with the enclosures they prove", "[checker]") {
  check_folder(kCertificates / "valid");
}

TEST_CASE("spoiled certificates are refused with the first failure", "[checker]") {
  check_folder(kCertificates / "invalid");
  for (const Expected& expected : expected_in(kCertificates / "invalid")) CHECK(expected.status != 0);
}

TEST_CASE("the exit status is the worst of the files, and bad usage is 2", "[checker]") {
  const std::string good = (kCertificates / "valid/relative_4_degree_6.json").string();
  const std::string rejected = (kCertificates / "invalid/lower_missing.json").string();
  const std::string malformed = (kCertificates / "invalid/truncated.json").string();
  CHECK(check(good + " " + good).status == 0);
  CHECK(check(rejected + " " + good).status == 1);
  CHECK(check(malformed + " " + rejected + " " + good).status == 1);
  CHECK(check("/nonexistent/certificate.json " + malformed).status == 2);
  CHECK(check("").status == 2);
  CHECK(check("--certify " + good).status == 2);
  CHECK(check("--help").status == 0);
  CHECK(check("/nonexistent/certificate.json").status == 2);
  CHECK(check(kCertificates.string()).status == 2);  // a folder
}

TEST_CASE("--json prints one object, a verdict a file", "[checker]") {
  const Answer answer = check("--json " + (kCertificates / "valid/relative_1_degree_4.json").string() + " " +
                              (kCertificates / "invalid/lower_missing.json").string());
  CHECK(answer.status == 1);
  CHECK(answer.errors.empty());
  const json all = json::parse(answer.output).at("certificates");
  REQUIRE(all.size() == 2);
  CHECK(all[0].at("verdict") == "verified");
  CHECK(all[0].at("degree") == 4);
  CHECK(all[0].at("error").at("lower") == "0.0005030406895");
  CHECK(all[0].at("error").at("upper") == "0.0005030406896");
  CHECK(all[0].at("error_below").at("lower") == "0.005003883715");
  CHECK(all[1].at("verdict") == "rejected");
}

TEST_CASE("floods of bytes, numbers and digits are refused", "[checker]") {
  const TemporaryFolder folder;
  const std::string good = contents(kCertificates / "valid/relative_1_degree_4.json");
  const auto with = [&](const std::string& before, const std::string& more) {
    std::string text = good;
    text.insert(text.find(before) + before.size(), more);
    std::ofstream(folder.path / "flood.json") << text;
    return check((folder.path / "flood.json").string());
  };
  std::string numbers;
  for (int i = 0; i < 1000000; ++i) numbers += "\"0x1p0\",";
  CHECK(with("\"coefficients\": [", numbers).output.find("at most 200000 values") != std::string::npos);
  CHECK(with("\"degree\": 4", std::string(20000000, '4')).status == 1);
  CHECK(with("\"half_width\": \"", std::string(20000000, '1')).output.find("at most 20000 characters") !=
        std::string::npos);
  fs::resize_file(folder.path / "flood.json", 100u << 20);
  CHECK(check((folder.path / "flood.json").string()).errors.find("at most 64 MiB") != std::string::npos);
}

// --- Random alterations ---

namespace {

using Float = long double;  // 2^-64 where it matters: brackets of the certificate altered are 2^-40 wide

Float number(const json& text) {
  const std::string s = text.get<std::string>();
  const auto slash = s.find('/');
  return slash == std::string::npos
             ? std::strtold(s.c_str(), nullptr)
             : std::strtold(s.c_str(), nullptr) / std::strtold(s.c_str() + slash + 1, nullptr);
}

std::string text(Float x) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%La", x);
  return buffer;
}

Float horner(const json& c, Float t) {
  Float s = 0;
  for (auto a = c.rbegin(); a != c.rend(); ++a) s = s * t + number(*a);
  return s;
}

enum class Truth { holds, fails, close };
Truth operator&&(Truth a, Truth b) {
  if (a == Truth::fails || b == Truth::fails) return Truth::fails;
  return a == Truth::holds && b == Truth::holds ? Truth::holds : Truth::close;
}
Truth at_most(Float a, Float b, Float margin) {
  return a <= b - margin ? Truth::holds : a > b + margin ? Truth::fails : Truth::close;
}

/// By sampling (relative error): is the polynomial's error at most `limit`, and do the brackets hold what
/// they must?
Truth judge_upper(const json& u, Float X, Float limit) {
  Float error = 0;
  const auto at = [&](Float t) {
    error = std::fmax(error, std::fabs(horner(u["coefficients"], t) * std::exp(-X * t) - 1));
  };
  for (int i = -2000; i <= 2000; ++i) at(i / 2000.0L);
  const Float rho = number(u["radius"]), g = u["degree"].get<Float>(), s = std::fmax(1.0L, 2 * X);
  const Float K =
      rho * rho / 2 * std::exp(1.0L) * (s * s * g * g * (g * g - 1) / 3 + 2 * X * s * g * g + X * X);
  Truth truth = at_most(K, 1, 0.01L);
  Float before = -1 - rho;
  for (const json& point : u["critical_points"]) {
    const Float t = number(point);
    at(t);
    const auto slope = [&](Float x) {
      Float p = 0, d = 0;
      for (auto a = u["coefficients"].rbegin(); a != u["coefficients"].rend(); ++a)
        d = d * x + p, p = p * x + number(*a);
      return d - X * p;
    };
    const Float left = slope(t - rho), right = slope(t + rho), noise = 1e-17L;
    truth = truth && at_most(noise, -std::copysign(1.0L, left) * right, noise) &&
            at_most(noise, std::fabs(left), noise);
    truth = truth && at_most(before + rho, t - rho, 1e-18L) && at_most(t + rho, 1, 1e-18L);
    before = t;
  }
  if (K < 0.99L) {  // what the formula promises, between the sampled error and this
    truth = truth && at_most((error + K) / (1 - K), limit, 1e-9L * limit);
  }
  return at_most(error, limit, 1e-9L * limit) == Truth::fails ? Truth::fails : truth;
}

Truth judge_lower(const json& l, Float X, Float limit) {
  Float sum = 0, weight = 0;
  for (const json& a : l["points"]) {
    Float product = 1;
    for (const json& b : l["points"])
      if (&a != &b) product *= number(a) - number(b);
    if (product == 0 || std::fabs(number(a)) > 1) return Truth::fails;
    sum += std::exp(X * number(a)) / product;
    weight += std::exp(X * number(a)) / std::fabs(product);
  }
  for (std::size_t i = 1; i < l["points"].size(); ++i)
    if (!(number(l["points"][i - 1]) < number(l["points"][i]))) return Truth::fails;
  return at_most(limit, std::fabs(sum) / weight, 1e-9L * limit + 1e-15L);
}

/// Does the certificate prove its claim? (Degrees and counts are those of the original, or it fails.)
Truth judge(const json& c, const json& original) {
  if (c["degree"] != original["degree"]) return Truth::fails;
  for (const char* side : {"upper", "upper_below", "lower", "lower_at"})
    if (c[side]["degree"] != original[side]["degree"]) return Truth::fails;
  const Float X = number(c["half_width"]), epsilon = number(c["epsilon"]);
  return judge_upper(c["upper"], X, epsilon) && judge_lower(c["lower"], X, epsilon) &&
         judge_upper(c["upper_below"], X, 1e9L) && judge_lower(c["lower_at"], X, 0);
}

/// One field changed: a number nudged by 2^-k of its size or replaced, a degree moved by one.
void alter(json& c, std::mt19937_64& random) {
  const auto below = [&](unsigned long n) { return random() % n; };
  const char* sides[] = {"upper", "upper", "lower", "upper_below", "lower_at"};
  json& side = c[sides[below(5)]];
  json* field = nullptr;
  switch (below(8)) {
    case 0:
      field = &c["epsilon"];
      break;
    case 1:
      field = &c["half_width"];
      break;
    case 2: {
      json& degree = below(2) ? c["degree"] : side["degree"];
      degree = degree.get<int>() + (below(2) ? 1 : -1);
      return;
    }
    default:
      if (side.contains("points")) {
        field = &side["points"][below(side["points"].size())];
      } else {
        const unsigned long which = below(7);
        json& array = side[which < 4 ? "coefficients" : "critical_points"];
        field = which == 6 ? &side["radius"] : &array[below(array.size())];
      }
  }
  const Float old = number(*field), sign = below(2) ? 1 : -1;
  const Float step = std::ldexp(1.0L, -static_cast<int>(below(50)));
  const Float changed = side.contains("radius") && field == &side["radius"]
                            ? old * std::ldexp(1.0L, static_cast<int>(below(60)) - 20)
                            : old + sign * step * std::fmax(std::fabs(old), 0.01L);
  *field = text(changed > 0 || (field != &c["epsilon"] && field != &c["half_width"]) ? changed : old * 2);
}

}  // namespace

TEST_CASE(
    "200 random alterations are rejected where sampling refutes them and verified where it confirms them",
    "[checker]") {
  const json original = json::parse(contents(kCertificates / "valid/relative_4_degree_6.json"));
  REQUIRE(judge(original, original) == Truth::holds);
  const unsigned long seed = 20220512;
  std::mt19937_64 random(seed);
  const TemporaryFolder folder;
  std::vector<json> altered;
  std::string files;
  for (int i = 0; i < 200; ++i) {
    altered.push_back(original);
    alter(altered.back(), random);
    const fs::path file = folder.path / (std::to_string(i) + ".json");
    std::ofstream(file) << altered.back().dump(1);
    files += " " + file.string();
  }
  const json verdicts = json::parse(check("--json" + files).output).at("certificates");
  REQUIRE(verdicts.size() == altered.size());
  int holds = 0, fails = 0, close = 0;
  for (std::size_t i = 0; i < altered.size(); ++i) {
    const Truth truth = judge(altered[i], original);
    ++(truth == Truth::holds ? holds : truth == Truth::fails ? fails : close);
    INFO("seed " << seed << ", alteration " << i << ": " << json::diff(original, altered[i]) << "\n"
                 << verdicts[i].dump());
    if (truth == Truth::holds) CHECK(verdicts[i].at("verdict") == "verified");
    if (truth == Truth::fails) CHECK(verdicts[i].at("verdict") == "rejected");
  }
  INFO("alterations: " << holds << " hold, " << fails << " fail, " << close << " too close for the oracle");
  // the alterations reach both sides, and the oracle shrugs rarely
  CHECK(holds >= 30);
  CHECK(fails >= 60);
  CHECK(close <= 20);
}
