// From the head to the data: the score network's output is W_A vec(T), W_A of D x d0 with orthonormal
// columns, d0 = d L (observation (O3) treats it as any matrix; Problem 2 asks for the error after it). An
// error e of T, |e| <= epsilon in every entry, becomes
//     |W_A e|_2 = |e|_2,   hence   |W_A e| <= sqrt(d0) epsilon,
// and the factor sqrt(d0) is attained: it is 1 for no W_A but a selection of coordinates, so that taking
// Problem 2 for Alman and Song's problem needs epsilon/sqrt(d L) there. Exact, squared, over the rationals.
#include "proofs_check/attention_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  Matrix<Rational> decoder;  // D x d0, columns orthonormal
  std::vector<Rational> error;
  Rational epsilon;
};
Json describe(const Case& c) {
  return {{"W_A", json_matrix(c.decoder)}, {"e", json_numbers(c.error)}, {"epsilon", json_number(c.epsilon)}};
}
/// The first columns of I - 2 u u^T/|u|^2.
Matrix<Rational> reflection(const std::vector<Rational>& u, Eigen::Index columns) {
  Rational norm = 0;
  for (const Rational& x : u) norm += x * x;
  const auto n = static_cast<Eigen::Index>(u.size());
  Matrix<Rational> m(n, columns);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < columns; ++j)
      m(i, j) = Rational(i == j ? 1 : 0) -
                2 * u[static_cast<std::size_t>(i)] * u[static_cast<std::size_t>(j)] / norm;
  return m;
}
Case draw(Draw& d) {
  if (d.index == 0) {  // d0 = D = 4: the reflection by (1, 1, 1, 1) has rows of entries +-1/2
    return {reflection({1, 1, 1, 1}, 4), {1, -1, -1, -1}, 1};
  }
  const long rows = d.integer(1, 6), columns = d.integer(1, rows);
  std::vector<Rational> u;
  for (long i = 0; i < rows; ++i) u.push_back(d.integer(-3, 3));
  u.front() += 4;
  Case c{reflection(u, columns), {}, Rational(1, d.integer(1, 9))};
  for (long j = 0; j < columns; ++j)
    c.error.push_back(d.integer(0, 1) == 0 ? Rational(c.epsilon * d.stream.sign())
                                           : Rational(c.epsilon * d.dyadic(1, 4)));
  return c;
}
std::vector<Rational> decoded(const Case& c) {
  std::vector<Rational> y;
  for (Eigen::Index i = 0; i < c.decoder.rows(); ++i) {
    Rational sum = 0;
    for (Eigen::Index j = 0; j < c.decoder.cols(); ++j)
      sum += c.decoder(i, j) * c.error[static_cast<std::size_t>(j)];
    y.push_back(sum);
  }
  return y;
}
Rational squares(const std::vector<Rational>& x) {
  Rational sum = 0;
  for (const Rational& y : x) sum += y * y;
  return sum;
}
Rational largest_square(const Case& c) {
  Rational largest = 0;
  for (const Rational& y : decoded(c)) largest = std::max(largest, Rational(y * y));
  return largest;
}

const Registration decoder =
    claim("hu-et-al-2024-dit/decoder", "Problem 2, observation (O3), explicitly", Standing::checked)
        .says("an entrywise error epsilon of the head becomes at most sqrt(d0) epsilon after W_A; attained",
              R"($\|W_A e\|_2=\|e\|_2$, $\|W_A e\|_\infty \le \sqrt{d_0}\,\|e\|_\infty$)")
        .given(draw)
        .equal("|W_A e|_2 = |e|_2",
               [](const Case& c) { return abs(Rational(squares(decoded(c)) - squares(c.error))); })
        .at_most(
            "|W_A e|^2 <= d0 epsilon^2", largest_square,
            [](const Case& c) { return Rational(static_cast<long>(c.error.size()) * c.epsilon * c.epsilon); })
        .twin("no factor: Problem 2 taken for attention's own problem", largest_square,
              [](const Case& c) { return Rational(c.epsilon * c.epsilon); });

}  // namespace
}  // namespace attnbounds
