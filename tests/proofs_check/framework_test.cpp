// The framework of the claims: it must refute what is false, stay undecided where nothing can be decided,
// notice a twin that is not refuted, and give the same results on any number of threads and after a kill.
#include <fstream>
#include <regex>

#include "catch.hpp"
#include "numeric/files.hpp"
#include "proofs_check/catalogue.hpp"
#include "proofs_check/exact_json.hpp"
#include "proofs_check/run.hpp"

using namespace attnbounds;

namespace {

struct Numbers {
  std::vector<Rational> numbers;
};
Json describe(const Numbers& c) { return {{"numbers", json_numbers(c.numbers)}}; }
std::vector<Numbers> smaller(const Numbers& c) {
  std::vector<Numbers> cases;
  for (std::size_t i = 0; c.numbers.size() > 1 && i < c.numbers.size(); ++i) {
    cases.push_back(c);
    cases.back().numbers.erase(cases.back().numbers.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return cases;
}
Numbers draw_numbers(Draw& d) {
  Numbers c;
  for (long i = 0, count = d.integer(2, 9); i < count; ++i) c.numbers.push_back(d.dyadic(4, 4));
  return c;
}
Rational square_sum(const Numbers& c) {
  Rational sum = 0;
  for (const Rational& x : c.numbers) sum += x * x;
  return sum;
}
Rational largest(const Numbers& c) {
  Rational result = 0;
  for (const Rational& x : c.numbers) result = std::max(result, Rational(abs(x)));
  return result;
}

// |x_i| <= 1 + sum x_i^2; with `bound` in the place of 1 + sum x_i^2.
template <class Bound>
ClaimOf<Numbers> numbers_claim(Bound bound) {
  return claim("test/numbers", "a test", Standing::checked)
      .says("max |x_i| <= bound", "")
      .given(draw_numbers)
      .at_most("largest <= bound", largest, bound)
      .twin("largest <= 1", largest, [](const Numbers&) { return Rational(1); });
}
Claim true_claim() {
  return numbers_claim([](const Numbers& c) { return Rational(1 + square_sum(c)); }).build();
}

Json without_seconds(Json line) {
  line.erase("seconds");
  return line;
}

}  // namespace

TEST_CASE("a false claim is refuted, with a witness shrunk to one number") {
  const Claim c = numbers_claim([](const Numbers&) { return Rational(2); }).build();
  const ClaimResult r = run_claim(c, {});
  CHECK(r.verdict == Verdict::refuted);
  REQUIRE(r.worst);
  CHECK(r.worst->instance.at("numbers").size() == 1);
  CHECK(r.worst->shrink_steps > 0);
  CHECK(*r.ratio > 1);
}

TEST_CASE("a true claim is verified, its ratio is at most 1, and its twin is refuted") {
  const ClaimResult r = run_claim(true_claim(), {});
  CHECK(r.verdict == Verdict::verified);
  CHECK(*r.ratio <= 1);
  CHECK(r.twin_refuted());
  REQUIRE(r.twin.witness);
  CHECK(r.twin.witness->instance.at("numbers").size() == 1);
}

TEST_CASE("two equal irrational numbers stay undecided") {
  const Claim c =
      claim("test/equal", "a test", Standing::checked)
          .says("sqrt(1+s) <= sqrt(1+s)", "")
          .given(draw_numbers)
          .sizes(5, 5, 5)
          .precision(Bits{64}, Bits{256})
          .at_most(
              "equal", [](const Numbers& n) { return sqrt(enclose(Rational(2 + square_sum(n) * 0))); },
              [](const Numbers&) { return sqrt(Interval(2)); })
          .twin(
              "half", [](const Numbers&) { return sqrt(Interval(2)); },
              [](const Numbers&) { return Interval(sqrt(Interval(2)) / 2); })
          .build();
  const ClaimResult r = run_claim(c, {});
  CHECK(r.verdict == Verdict::undecided);
  CHECK(r.precision == Bits{256});
  CHECK(r.twin_refuted());
  CHECK(overall_verdict({log_line(c, r)}, {}) == Verdict::undecided);  // exit status 3
}

TEST_CASE("a twin that is true is reported as not refuted") {
  Claim c = true_claim();
  c.twin.comparison = c.comparisons.front();
  const ClaimResult r = run_claim(c, {});
  CHECK_FALSE(r.twin_refuted());
  CHECK(r.verdict == Verdict::verified);
  CHECK(overall_verdict({log_line(c, r)}, {}) == Verdict::refuted);  // exit status 1 all the same
}

TEST_CASE("a claim without a twin, or whose generator breaks a hypothesis, is an error") {
  Claim c = true_claim();
  c.twin = {};
  CHECK_THROWS_AS(run_claim(c, {}), std::logic_error);
  const Claim wrong =
      numbers_claim([](const Numbers& n) {
        return Rational(1 + square_sum(n));
      }).where("no more than two numbers", [](const Numbers& n) {
          return n.numbers.size() <= 2;
        }).build();
  CHECK_THROWS_AS(run_claim(wrong, {}), std::logic_error);
}

TEST_CASE("results do not depend on the number of threads") {
  for (const Claim& c : {true_claim(), claim_by_id("alman-song-2023/forward-error")}) {
    const Json one = without_seconds(log_line(c, run_claim(c, {7, Level::quick, {1}})));
    const Json many = without_seconds(log_line(c, run_claim(c, {7, Level::quick, {5}})));
    CHECK(one == many);
  }
  const Claim c = claim_by_id("aggarwal-alman-2022/alternation");
  CHECK(log_line(c, run_claim(c, {7, Level::quick, {2}})).at("worst_instance") !=
        log_line(c, run_claim(c, {8, Level::quick, {2}})).at("worst_instance"));
}

TEST_CASE("a run is resumed after its log was cut in the middle of a line") {
  const TemporaryFolder folder;
  const Claim first = true_claim();
  Claim second = true_claim();
  second.id = "test/second";
  const RunSettings settings{3, Level::quick, {2}};
  const std::vector<const Claim*> planned{&first, &second};
  {
    RunLog log(folder.path, settings, planned, RunLog::Resume::no);
    log.append(log_line(first, run_claim(first, settings)));
    log.append(log_line(second, run_claim(second, settings)));
  }
  const std::string whole = read_file(folder.path / "claims.jsonl");
  std::ofstream(folder.path / "claims.jsonl") << whole.substr(0, whole.size() - 40);
  {
    RunLog log(folder.path, settings, planned, RunLog::Resume::yes);
    CHECK(log.finished(first.id) != nullptr);
    CHECK(log.finished(second.id) == nullptr);
    log.append(log_line(second, run_claim(second, settings)));
  }
  std::istringstream before(whole), after(read_file(folder.path / "claims.jsonl"));
  for (std::string a, b; std::getline(before, a);) {
    REQUIRE(std::getline(after, b));
    CHECK(without_seconds(Json::parse(a)) == without_seconds(Json::parse(b)));
  }
  CHECK_THROWS_AS(RunLog(folder.path, RunSettings{4, Level::quick, {2}}, planned, RunLog::Resume::yes),
                  InputError);
}

TEST_CASE("the found constants are attained: the twin just past them is refuted") {
  const Claim& c = claim_by_id("aggarwal-alman-2022/least-degree");
  const ClaimResult r = run_claim(c, {});
  CHECK(r.verdict == Verdict::verified);
  CHECK(r.twin_refuted());
  CHECK(upper(r.constants.at("upper").value) <= 2);
  CHECK(lower(r.constants.at("lower").value) >= Real(0.5));
}

TEST_CASE("the catalogue is sorted, and every claim says what it is") {
  std::string last;
  for (const Claim& c : all_claims()) {
    CHECK(last < c.id);
    last = c.id;
    CHECK_FALSE(c.statement.empty());
    CHECK_FALSE(c.latex.empty());
    CHECK_FALSE(c.twin.name.empty());
    // where a reader finds it: an arXiv number, or a journal's volume(issue)
    CHECK(std::regex_search(c.source(), std::regex(R"(arXiv|[0-9]+\([0-9]+\))")));
    CHECK(std::filesystem::exists(std::filesystem::path(ATTNBOUNDS_SOURCE_DIR) / c.file));
  }
  CHECK_THROWS_AS(claim_by_id("no/such-claim"), InputError);
}

TEST_CASE("docs/claims is what the program generates, and nothing else") {
  const std::filesystem::path folder = std::filesystem::path(ATTNBOUNDS_SOURCE_DIR) / "docs" / "claims";
  const auto pages = catalogue_pages(all_claims());
  for (const auto& [file, text] : pages) {
    INFO(file << ": attnbounds claims --pages docs/claims");
    CHECK(read_file(folder / file) == text);
  }
  for (const Claim& c : all_claims())
    CHECK(pages.at(c.paper + ".md").find("`" + c.id + "`") != std::string::npos);
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    CHECK(pages.count(entry.path().filename().string()) == 1);
}

TEST_CASE("CLAIMS.md is what the program generates") {
  CHECK(read_file(std::filesystem::path(ATTNBOUNDS_SOURCE_DIR) / "CLAIMS.md") ==
        catalogue_markdown(all_claims()));
}
