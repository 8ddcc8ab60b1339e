// The lines of hyper_attention.jsonl.
#include "proofs_check/hyper_attention.hpp"

#include "catch.hpp"
#include "numeric/exact_text.hpp"
#include "proofs_check/as_printed.hpp"
#include "proofs_check/hyper_case.hpp"

using namespace attnbounds;

namespace {

std::vector<HyperAttentionRow> rows_at(Level level) {
  return hyper_attention_rows({0, level, {1}}, ATTNBOUNDS_SOURCE_DIR "/tests/data/heads");
}
Json line(const std::string& name) {
  for (const HyperAttentionRow& row : rows_at(Level::quick))
    if (row.name == "hyper-attention " + name) return row.measure();
  throw std::logic_error(name);
}
Rational end(const Json& line, const char* key, const char* which) {
  return rational_from_text(line.at(key).at(which).get<std::string>(), key);
}

}  // namespace

TEST_CASE(
    "every hard family has a row with one anchor and with spread anchors; all heads come at level standard") {
  const auto count = [](Level level, const std::string& part) {
    const auto rows = rows_at(level);
    return std::count_if(rows.begin(), rows.end(),
                         [&](const HyperAttentionRow& r) { return r.name.find(part) != std::string::npos; });
  };
  for (const char* family : {"planted-orthogonal", "light-bulb", "planted-gap", "random-cnf"})
    CHECK(count(Level::quick, family) == 2);
  CHECK(count(Level::quick, "head") * 3 == count(Level::standard, "head"));
  CHECK(count(Level::standard, "head") == 18);
}

TEST_CASE("alpha is at least m w^2 on planted instances, and spread anchors lower it to about that") {
  for (const char* family : {"planted-orthogonal", "light-bulb", "planted-gap"}) {
    INFO(family);
    const Json one = line(family + std::string(", one anchor")),
               spread = line(family + std::string(", spread anchors"));
    for (const Json& j : {one, spread}) {
      const Rational w = end(j, "planted_weight", "lower"), m = j.at("keys").get<long>();
      CHECK(end(j, "alpha", "upper") >= m * w * w);
      CHECK(end(j, "gap", "lower") > 0);  // near the threshold the exact outputs still tell
      CHECK(end(j, "spectral_error", "upper") < Rational(1, 8));
    }
    CHECK(end(spread, "alpha", "upper") < end(one, "alpha", "lower") / 8);
    const Rational w = end(spread, "planted_weight", "upper");
    CHECK(end(spread, "alpha_over_keys", "upper") < 2 * w * w + Rational(1, 8));
  }
}

TEST_CASE("a row depends on the seed alone") {
  CHECK(line("light-bulb, spread anchors") == line("light-bulb, spread anchors"));
  const auto rows = hyper_attention_rows({1, Level::quick, {1}}, ATTNBOUNDS_SOURCE_DIR "/tests/data/heads");
  const auto found = std::find_if(rows.begin(), rows.end(), [](const HyperAttentionRow& r) {
    return r.name == "hyper-attention light-bulb, spread anchors";
  });
  REQUIRE(found != rows.end());
  CHECK(found->measure() != line("light-bulb, spread anchors"));
}

TEST_CASE("what failed as printed is said of claims of the catalogue, and stands in their log lines") {
  for (const auto& [id, printed] : failures_as_printed()) CHECK(claim_by_id(id).id == id);  // or InputError
  const ClaimResult result;
  CHECK(log_line(claim_by_id("heinsen-kozachkov-2026/denominator"), result).contains("corrects"));
  CHECK_FALSE(log_line(claim_by_id("heinsen-kozachkov-2026/forward-error"), result).contains("corrects"));
}

TEST_CASE("a formula without a solution makes an instance without a planted row") {
  HardRequest request;
  request.family = "random-cnf";
  request.n = 16;
  request.d = 80;  // ten clauses a variable
  request.kappa = 10;
  const NearThreshold instance = near_threshold(request, Anchors::spread);
  CHECK(!instance.planted_query);
  CHECK(instance.input.k.rows() == 32);
}
