// Ours: the double-double reference. Its exponential is within 8 u^2 e^x of e^x on [-200, 0], u = 2^-53, and
// every entry of its attention within the proved radius of exact attention (docs/rounding.md, section 7). The
// twin claims u^2 for the exponential, which random arguments refute (the worst seen is 1.7 u^2).
#include "attention/enclosure.hpp"
#include "kernels/double_double_attention.hpp"
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  std::vector<DoubleDouble> arguments;  // in [-200, 0]
  AttentionInput input;
};
Json describe(const Case& c) {
  const auto exactly = [](const DoubleDouble& x) { return json_number(to_rational(x)); };
  Json arguments = Json::array(), exponentials = arguments, outputs = arguments, radii = arguments;
  for (const DoubleDouble& x : c.arguments) {
    arguments.push_back(exactly(x));
    exponentials.push_back(exactly(exp_of_nonpositive(x)));
  }
  if (const auto reference = double_double_attention(c.input, Mask::none, ThreadCount{1})) {
    outputs =
        json_matrix(reference->centre.unaryExpr([](const DoubleDouble& x) { return to_rational(x); }).eval());
    for (const UpperBound& radius : reference->radius) radii.push_back(json_number(radius.exact()));
  }
  return {{"arguments", arguments},
          {"exponentials", exponentials},
          {"q", json_matrix(c.input.q)},
          {"k", json_matrix(c.input.k)},
          {"v", json_matrix(c.input.v)},
          {"outputs", outputs},
          {"radii", radii}};
}

Case draw(Draw& d) {
  Case c;
  for (int i = 0; i < 40; ++i) {
    const double high = -std::fabs(d.stream.unit()) * std::ldexp(200.0, -(i % 12));
    c.arguments.push_back(DoubleDouble::of_sum(high, high * 0x1p-53 * d.stream.unit()));
  }
  const long n = d.integer(1, 4), m = d.integer(1, 40), width = d.integer(1, 5);
  const double bound = std::ldexp(1.0, static_cast<int>(d.integer(-3, 3)));
  c.input.q = d.stream.uniform_matrix(n, width, bound);
  c.input.k = d.stream.uniform_matrix(m, width, bound);
  c.input.v = d.stream.uniform_matrix(m, d.integer(1, 3), 1);
  return c;
}

/// max |computed - e^x|/e^x, in units of u^2
Interval exp_error(const Case& c) {
  Interval largest = 0;
  for (const DoubleDouble& x : c.arguments) {
    const Interval exact = exp(enclose(to_rational(x)));
    largest = maximum(largest, absolute_value(enclose(to_rational(exp_of_nonpositive(x))) - exact) / exact);
  }
  return largest * enclose(dyadic(1, 106));
}

/// max |centre - exact| / radius
Interval share_of_radius(const Case& c) {
  const auto reference = double_double_attention(c.input, Mask::none, ThreadCount{1});
  if (!reference) return Interval(2);  // refuted: all these entries are in range
  const Matrix<Interval> exact = attention_enclosure(c.input, Mask::none, dyadic(1, -140), ThreadCount{1});
  Interval largest = 0;
  for (Eigen::Index i = 0; i < exact.rows(); ++i)
    for (Eigen::Index l = 0; l < exact.cols(); ++l)
      largest = maximum(largest, absolute_value(enclose(to_rational(reference->centre(i, l))) - exact(i, l)) /
                                     enclose(reference->radius[i].exact()));
  return largest;
}

const Registration double_double_reference =
    claim("alman-song-2023/double-double-reference", "ours, the reference of about 97 bits",
          Standing::checked)
        .says(
            "double-double exp is within 8 u^2 e^x of e^x on [-200, 0], and every entry of the double-double "
            "attention within its radius of the exact one",
            R"($|\widehat{\exp}(x) - e^x| \le 8u^2 e^x$ on $[-200, 0]$; $|\widehat{\mathrm{Att}}_{ic} - \mathrm{Att}_{ic}| \le r_i$)")
        .given(draw)
        .sizes(60, 600, 6000)
        .precision(Bits{192}, Bits{1024})
        .at_most("exp: error in u^2 <= 8", exp_error, [](const Case&) { return enclose(Rational(8)); })
        .at_most("attention: error <= radius", share_of_radius,
                 [](const Case&) { return enclose(Rational(1)); })
        .twin("exp: error in u^2 <= 1", exp_error, [](const Case&) { return enclose(Rational(1)); });

}  // namespace
}  // namespace attnbounds
