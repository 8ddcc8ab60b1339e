// Sampled claims: supported, refuted and undecided by their confidence intervals, and never "verified".
#include "proofs_check/sampled.hpp"

#include "catch.hpp"
#include "proofs_check/run.hpp"
#include "sampling/private_attention.hpp"

using namespace attnbounds;

namespace {

// A coin that fails with probability 1/4, claimed to fail with probability at most p.
ClaimResult coin_claim(const Rational& p, Claim* built = nullptr) {
  Claim c = claim("test/coin", "a test", Standing::statistical)
                .says("a coin fails with probability at most p", "")
                .given([](Draw& d) { return repeated(2000, [&] { return d.stream.below(4) == 0; }); })
                .sizes(3, 3, 3)
                .at_most(
                    "failures <= p", [](const Experiment& e) { return e.failure_probability().limits(); },
                    [p](const Experiment&) { return enclose(p); })
                .twin(
                    "failures <= 1/100", [](const Experiment& e) { return e.failure_probability().limits(); },
                    [](const Experiment&) { return enclose(Rational(1, 100)); })
                .build();
  const ClaimResult r = run_claim(c, {});
  if (built != nullptr) *built = std::move(c);
  return r;
}

}  // namespace

TEST_CASE("a sampled claim that holds reads statistical, never verified, and leaves exit status 0") {
  Claim c;
  const ClaimResult r = coin_claim(Rational(1, 3), &c);
  const Json line = log_line(c, r);
  CHECK(line.at("verdict") == "statistical");
  CHECK(verify_entry(line).at("verdict") == "statistical");
  CHECK(line.at("status") == "statistical");
  CHECK(r.twin_refuted());
  CHECK(overall_verdict({line}, {}) == Verdict::verified);
  CHECK(line.at("worst_instance").at("instance").at("confidence") == "999999/1000000");
}

TEST_CASE("a sampled claim is refuted beyond its confidence, and undecided within it") {
  Claim c;
  const ClaimResult refuted = coin_claim(Rational(1, 10), &c);
  CHECK(log_line(c, refuted).at("verdict") == "refuted");
  const ClaimResult near = coin_claim(Rational(1, 4), &c);
  CHECK(log_line(c, near).at("verdict") == "undecided");
  CHECK(overall_verdict({log_line(c, near)}, {}) == Verdict::undecided);
}

TEST_CASE("Laplace variables have variance 2 and the tail e^-x, to the sampling's confidence") {
  Stream stream(0, "laplace");
  const long trials = 20000;
  long above = 0;
  double squares = 0;
  for (long i = 0; i < trials; ++i) {
    const double x = laplace(stream);
    squares += x * x;
    above += std::fabs(x) > 1 ? 1 : 0;
  }
  const ConfidenceInterval tail = clopper_pearson(above, trials, kSamplingConfidence);
  CHECK(nearest(tail.lower_limit()) < std::exp(-1.0));
  CHECK(nearest(tail.upper_limit()) > std::exp(-1.0));
  CHECK(squares / trials > 1.8);  // standard deviation 0.032
  CHECK(squares / trials < 2.2);
}
