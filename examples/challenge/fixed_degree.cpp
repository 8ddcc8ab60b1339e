// Attention with the best polynomial of a fixed degree in the place of exp: what monomial features of that
// degree compute. Usage: fixed_degree DEGREE FOLDER OUT, as `attnbounds challenge` calls it:
//     attnbounds challenge INSTANCE… -- build/examples/fixed_degree 8
#include <cstdio>
#include <exception>
#include <string>

#include "attention/attention.hpp"
#include "kernels/score_interval.hpp"
#include "numeric/npy.hpp"
#include "polynomial/certify.hpp"

using namespace attnbounds;

namespace {

/// P(x/X), coefficients rounded to double.
struct DoublePolynomial {
  std::vector<double> coefficients;
  double half_width;
  double operator()(double x) const {
    double value = 0;
    for (auto c = coefficients.rbegin(); c != coefficients.rend(); ++c) value = value * (x / half_width) + *c;
    return value;
  }
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: fixed_degree DEGREE FOLDER OUT\n");
    return 2;
  }
  const std::string folder = argv[2];
  const Matrix<double> q = read_npy(folder + "/q.npy"), k = read_npy(folder + "/k.npy"),
                       v = read_npy(folder + "/v.npy");
  const ShiftedScores scores = shift_scores(q, k);
  DoublePolynomial p{{}, scores.half_width.value()};
  const BestError best = best_error({std::stol(argv[1])}, scores.half_width.exact(), ErrorKind::relative);
  for (const Rational& c : best.upper.polynomial.coefficients) p.coefficients.push_back(nearest(c));
  write_npy(argv[3], attention(scores.queries, scores.keys, v, Mask::none, p));
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "fixed_degree: %s\n", error.what());
  return 1;
}
