// Small Khatri-Rao products with all their rows, over the rationals.
#pragma once

#include "proofs_check/claim.hpp"
#include "proofs_check/exact_json.hpp"
#include "sampling/khatri_rao.hpp"

namespace attnbounds {

struct KhatriRaoCase {
  std::vector<Matrix<double>> factors;
  long leaf = 1;
};
inline Json describe(const KhatriRaoCase& c) {
  Json factors = Json::array();
  for (const Matrix<double>& u : c.factors) factors.push_back(json_matrix(u));
  return {{"factors", factors}, {"leaf", c.leaf}};
}
inline std::vector<KhatriRaoCase> smaller(const KhatriRaoCase& c) {
  std::vector<KhatriRaoCase> cases;
  for (std::size_t k = 0; k < c.factors.size(); ++k)
    for (Eigen::Index i = 0; c.factors[k].rows() > 1 && i < c.factors[k].rows(); ++i) {
      cases.push_back(c);
      cases.back().factors[k] = without_row(c.factors[k], i);
    }
  return cases;
}

inline KhatriRaoSampler<Rational> sampler_of(const KhatriRaoCase& c) {
  std::vector<Matrix<Rational>> factors;
  for (const Matrix<double>& u : c.factors) factors.push_back(matrix_from<Rational>(u));
  return KhatriRaoSampler<Rational>(factors, c.leaf);
}
inline bool not_zero(const KhatriRaoCase& c) { return sampler_of(c).rank() > 0; }

/// Two or three factors, up to 5 rows each, up to 3 columns; also of deficient rank, and with rows of zeros,
/// but not 0.
inline KhatriRaoCase draw_khatri_rao(Draw& d) {
  for (;;) {
    KhatriRaoCase c{{}, d.integer(1, 3)};
    const long columns = d.integer(1, 3);
    for (long k = d.integer(2, 3); k > 0; --k) c.factors.push_back(d.matrix(d.integer(1, 5), columns, 2, 2));
    if (not_zero(c)) return c;
  }
}

/// All indices (i_1 … i_N).
inline std::vector<RowIndex> all_rows(const KhatriRaoCase& c) {
  std::vector<RowIndex> rows{{}};
  for (const Matrix<double>& u : c.factors) {
    std::vector<RowIndex> longer;
    for (const RowIndex& prefix : rows)
      for (Eigen::Index i = 0; i < u.rows(); ++i) {
        longer.push_back(prefix);
        longer.back().push_back(i);
      }
    rows = std::move(longer);
  }
  return rows;
}

}  // namespace attnbounds
