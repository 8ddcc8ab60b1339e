// How much cheaper is it to check a least degree than to find it? The rival is our own producer, search and
// proof in MPFR and MPFI; ours is the checker's proof in Arb, with reading the JSON. The aim is a ratio of at
// least 5.
#include "polynomial/certificate.hpp"
#include "proofs_check/checker/kinds.hpp"
#include "support.hpp"

namespace {

using namespace attnbounds;
using namespace attnbounds::bench;

struct Case {
  long half_width;
  const char* epsilon_name;
  long epsilon_exponent;
  ErrorKind kind;
};

constexpr Case kCases[] = {
    {4, "1e-6", 6, ErrorKind::relative},     {12, "1e-12", 12, ErrorKind::relative},
    {36, "1e-30", 30, ErrorKind::relative},  {100, "1e-12", 12, ErrorKind::relative},
    {100, "1e-12", 12, ErrorKind::absolute}, {400, "1e-12", 12, ErrorKind::relative},
};

void row(benchmark::State& state, const Case& c) {
  const Rational X(c.half_width);
  const Rational epsilon =
      1 / Rational(boost::multiprecision::pow(Integer(10), static_cast<unsigned>(c.epsilon_exponent)));
  std::string text;
  const auto produce = [&] {
    text = least_degree_certificate(least_degree(X, epsilon, c.kind), X, epsilon, c.kind).dump(1);
  };
  checker::Proved proved;
  const auto check = [&] {
    const nlohmann::json whole = checker::bounded_json(text);
    proved = checker::prove_least_degree(checker::Field{"", whole}, checker::Folder{});
  };
  produce();
  try {
    report(state, alternate(check, produce), "producing the certificate (MPFR, MPFI)");
  } catch (const std::exception& error) {
    return skip(state, "producing the certificate", error.what());
  }
  state.counters["degree"] = static_cast<double>(proved.facts.at("degree").get<long>());
  state.counters["bits"] = static_cast<double>(checker::working_bits);
  state.counters["bytes"] = static_cast<double>(text.size());
  state.counters["error_bound"] = std::stod(proved.facts.at("error").at("upper").get<std::string>());
}

[[maybe_unused]] const int registered = [] {
  for (const Case& c : kCases)
    register_row("check/least-degree/X=" + std::to_string(c.half_width) + "/eps=" + c.epsilon_name + "/" +
                     name(c.kind),
                 [c](benchmark::State& state) { row(state, c); });
  return 0;
}();

}  // namespace
