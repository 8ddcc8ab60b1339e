// Bharadwaj et al. 2023: what leverage scores are for, and what they are not for. A is N x d of rank R, rows
// a_j, drawn with probabilities p_j = l_j/R. (i) The Gram matrix, whitened: one draw's estimate a_j^T a_j/p_j
// has
//        E |G^{-1/2} (a_j^T a_j/p_j) G^{-1/2} - 1|_F^2 = sum_j l_j^2/p_j - R = R (R - 1),
//     the least over all laws p (Cauchy, Schwarz): m draws give R (R - 1)/m, whatever N is.
// (ii) A sum of weights sum_j w_j, w = A x, as a softmax denominator of polynomial features is: one draw's
//     estimate w_j/p_j has
//        E (w_j/p_j)^2 <= R N sum_j w_j^2,
//     for w_j^2 <= l_j |w|^2; uniform rows have N sum w_j^2 exactly. In the worst case leverage scores lose a
//     factor here and win none: the false twin of (ii) says that they are at least as good as uniform rows.
// (iii) exp(A x) is not in the column space of A: a row 0 has the weight 1 and the leverage score 0, and is
// never
//     drawn. With a constant column in A every l_j >= 1/N, and E (w/p)^2 <= R N sum_j w_j^2 for every w.
#include "proofs_check/bharadwaj_et_al_2023/khatri_rao_case.hpp"

namespace attnbounds {
namespace {

struct Case {
  KhatriRaoCase product;
  std::vector<Rational> x;
};
Json describe(const Case& c) {
  Json j = describe(c.product);
  j["x"] = json_numbers(c.x);
  return j;
}

Case draw(Draw& d) {
  Case c{draw_khatri_rao(d), {}};
  for (Eigen::Index r = 0; r < c.product.factors[0].cols(); ++r) c.x.push_back(d.dyadic(2, 2));
  return c;
}
bool has_rank(const Case& c) { return not_zero(c.product); }

enum class Law { leverage, uniform };

/// sum_j l_j^2/p_j - R
Rational whitened_second_moment(const Case& c, Law law) {
  const KhatriRaoSampler<Rational> sampler = sampler_of(c.product);
  const std::vector<RowIndex> rows = all_rows(c.product);
  Rational sum = 0;
  for (const RowIndex& row : rows) {
    const Rational l = sampler.leverage(row);
    if (l != 0)
      sum += l * l / (law == Law::leverage ? Rational(l / sampler.rank()) : Rational(1, rows.size()));
  }
  return sum - sampler.rank();
}
Rational product(const Case& c) {
  const long R = sampler_of(c.product).rank();
  return R * (R - 1);
}

struct WeightMoments {
  Rational leverage, uniform;  // E (w/p)^2
  long rank = 0;
};
WeightMoments weight_moments(const Case& c) {
  const KhatriRaoSampler<Rational> sampler = sampler_of(c.product);
  const std::vector<RowIndex> rows = all_rows(c.product);
  WeightMoments m{0, 0, sampler.rank()};
  for (const RowIndex& row : rows) {
    Rational w = 0;
    for (std::size_t r = 0; r < c.x.size(); ++r) {
      Rational term = c.x[r];
      for (std::size_t k = 0; k < row.size(); ++k) term *= to_rational(c.product.factors[k](row[k], r));
      w += term;
    }
    if (w == 0) continue;
    m.leverage += w * w * m.rank / sampler.leverage(row);
    m.uniform += w * w * Rational(rows.size());
  }
  return m;
}

const Registration gram =
    claim("bharadwaj-et-al-2023/whitened-gram", "what leverage scores minimise, ours", Standing::checked)
        .says("leverage sampling estimates the whitened Gram matrix with squared error R (R - 1) a draw",
              R"($\sum_j \ell_j^2/p_j - R = R(R-1)$ for $p_j = \ell_j/R$)")
        .given(draw)
        .sizes(60, 400, 4000)
        .where("A is not 0", has_rank)
        .equal("sum l^2/p - R = R (R - 1)",
               [](const Case& c) { return Rational(whitened_second_moment(c, Law::leverage) - product(c)); })
        .at_most("no worse than uniform rows", product,
                 [](const Case& c) { return whitened_second_moment(c, Law::uniform); })
        .twin(
            "uniform rows do as well", [](const Case& c) { return whitened_second_moment(c, Law::uniform); },
            product);

const Registration weights =
    claim("bharadwaj-et-al-2023/sum-of-weights", "what leverage scores do not buy, ours", Standing::checked)
        .says(
            "leverage sampling of N rows estimates sum w, w = A x, with second moment at most R N |w|^2 a "
            "draw",
            R"($\sum_j w_j^2/p_j \le R\,N\,\|w\|_2^2$, $w = Ax$, $p_j = \ell_j/R$)")
        .given(draw)
        .sizes(60, 400, 4000)
        .where("A is not 0", has_rank)
        .at_most(
            "E (w/p)^2 <= R N |w|^2", [](const Case& c) { return weight_moments(c).leverage; },
            [](const Case& c) {
              const WeightMoments m = weight_moments(c);
              return Rational(m.rank * m.uniform);
            })
        .twin(
            "at least as good as uniform rows", [](const Case& c) { return weight_moments(c).leverage; },
            [](const Case& c) { return weight_moments(c).uniform; });

bool has_constant_column(const Case& c) {
  return std::all_of(c.product.factors.begin(), c.product.factors.end(),
                     [](const Matrix<double>& u) { return (u.col(u.cols() - 1).array() == 1.0).all(); });
}
Case draw_with_constant(Draw& d) {
  Case c = draw(d);
  for (Matrix<double>& u : c.product.factors) u.col(u.cols() - 1).setOnes();
  c.x.clear();
  for (std::size_t j = 0; j < all_rows(c.product).size(); ++j) c.x.push_back(d.dyadic(4, 3));  // w itself
  return c;
}
Case draw_with_a_zero_row(Draw& d) {
  Case c = draw_with_constant(d);
  c.product.factors[0].row(0).setZero();
  if (!has_rank(c)) {
    c.product.factors[0] = Matrix<double>::Identity(2, c.product.factors[0].cols());
    c.x.resize(all_rows(c.product).size(), 1);
  }
  return c;
}
Rational least_leverage(const Case& c) {
  const KhatriRaoSampler<Rational> sampler = sampler_of(c.product);
  Rational least = 1;
  for (const RowIndex& row : all_rows(c.product)) least = std::min(least, sampler.leverage(row));
  return least;
}

const Registration constant =
    claim("bharadwaj-et-al-2023/constant-column",
          "leverage scores for weights outside the column space, ours", Standing::checked)
        .says(
            "with a constant column every leverage score is at least 1/N, and E (w/p)^2 <= R N |w|^2 for any "
            "w",
            R"($\mathbf 1 \in \operatorname{col} A \Rightarrow \ell_j \ge 1/N$, $\sum_j w_j^2/p_j \le R\,N\,\|w\|_2^2$ for every $w$)")
        .given(draw_with_constant)
        .sizes(60, 400, 4000)
        .where("a constant column", has_constant_column)
        .at_most(
            "1/N <= least leverage score",
            [](const Case& c) { return Rational(1, all_rows(c.product).size()); }, least_leverage)
        .at_most(
            "E (w/p)^2 <= R N |w|^2",
            [](const Case& c) {
              const KhatriRaoSampler<Rational> sampler = sampler_of(c.product);
              const std::vector<RowIndex> rows = all_rows(c.product);
              Rational sum = 0;
              for (std::size_t j = 0; j < rows.size(); ++j)
                sum += c.x[j] * c.x[j] * sampler.rank() / sampler.leverage(rows[j]);
              return sum;
            },
            [](const Case& c) {
              Rational squares = 0;
              for (const Rational& w : c.x) squares += w * w;
              return Rational(squares * sampler_of(c.product).rank() * c.x.size());
            })
        .twin_without("a constant column", draw_with_a_zero_row);

}  // namespace
}  // namespace attnbounds
