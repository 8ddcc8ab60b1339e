#include "kernels/monomials.hpp"

#include <stdexcept>

#include "numeric/zoo.hpp"

namespace attnbounds {

Integer monomial_rank(Eigen::Index dimension, Degree degree) {
  Integer rank = 1;
  for (long t = 1; t <= degree.value + (bug(Bug::rank_miscounted) ? 1 : 0); ++t)
    rank = rank * (dimension + t) / t;  // C(d+t, t): exact
  return rank;
}

double rank_about(Eigen::Index dimension, Degree degree) {
  const long fewer = std::min<long>(dimension, degree.value), more = std::max<long>(dimension, degree.value);
  double rank = 1;
  for (long t = 1; t <= fewer; ++t) rank *= static_cast<double>(more + t) / static_cast<double>(t);
  return rank;
}

MonomialTree monomial_tree(Eigen::Index dimension, Degree degree) {
  if (dimension < 1 || degree.value < 0) throw std::domain_error("monomials: d >= 1 and degree >= 0");
  const Integer rank = monomial_rank(dimension, degree);
  if (rank > (1 << 24)) throw std::length_error("monomials: rank " + rank.str() + " exceeds 2^24");

  MonomialTree tree{dimension, degree, static_cast<Eigen::Index>(rank.convert_to<long>()), {}, {0}, {1}};
  std::vector<long> exponent{0};              // of the monomial's last variable
  std::vector<long> group_end(dimension, 1);  // of degree t-1: where the monomials in x_0 … x_l end
  long level = 0;                             // where degree t-1 starts
  for (long t = 1; t <= degree.value; ++t) {
    const long next_level = static_cast<long>(tree.degree_of.size());
    std::vector<long> next_end;
    for (long l = 0; l < dimension; ++l) {
      const long group_start = l == 0 ? level : group_end[l - 1];  // where x_l is the last variable
      const MonomialRun run{static_cast<long>(tree.degree_of.size()), level, group_end[l] - level, l};
      for (long parent = level; parent < group_end[l]; ++parent) {
        const long power = t > 1 && parent >= group_start ? exponent[parent] + 1 : 1;
        exponent.push_back(power);
        tree.degree_of.push_back(t);
        tree.multinomial.push_back(tree.multinomial[parent] * t / (bug(Bug::wrong_multinomial) ? 1 : power));
      }
      tree.runs.push_back(run);
      next_end.push_back(static_cast<long>(tree.degree_of.size()));
    }
    level = next_level;
    group_end = next_end;
  }
  return tree;
}

std::vector<Rational> monomial_weights(const MonomialTree& tree, const Polynomial& polynomial) {
  std::vector<Rational> scaled = polynomial.coefficients;  // c_t d^-t
  scaled.resize(tree.degree.value + 1, Rational(0));
  Rational power = 1;
  for (Rational& c : scaled) {
    c /= power;
    if (!bug(Bug::weights_without_dimension)) power *= tree.dimension;
  }
  std::vector<Rational> weight;
  weight.reserve(tree.rank);
  for (Eigen::Index a = 0; a < tree.rank; ++a)
    weight.push_back(scaled[tree.degree_of[a]] * Rational(tree.multinomial[a]));
  return weight;
}

}  // namespace attnbounds
