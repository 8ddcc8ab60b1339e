// Bharadwaj et al. 2023, the sampler's theorem: the rows it draws follow the leverage scores of U_1 (/) … (/)
// U_N exactly. Checked over the rationals by enumeration: every sequence of turns of the algorithm is
// followed, and the probabilities of a row's sequences add up to l/rank, l = a G^+ a^T computed from the rows
// alone. False twin: the product of the factors' own leverage scores (as in earlier samplers) is that law.
#include "proofs_check/bharadwaj_et_al_2023/khatri_rao_case.hpp"

namespace attnbounds {
namespace {

/// a G^- a^T with G summed over the rows of the product itself.
std::map<RowIndex, Rational> leverage_of_rows(const KhatriRaoCase& c) {
  const std::vector<RowIndex> indices = all_rows(c);
  const Eigen::Index R = c.factors[0].cols();
  Matrix<Rational> a = Matrix<Rational>::Constant(static_cast<Eigen::Index>(indices.size()), R, Rational(1));
  for (Eigen::Index row = 0; row < a.rows(); ++row)
    for (std::size_t k = 0; k < c.factors.size(); ++k)
      for (Eigen::Index r = 0; r < R; ++r) a(row, r) *= to_rational(c.factors[k](indices[row][k], r));
  const Matrix<Rational> g = a.transpose() * a;
  const auto [inverse, rank] = generalised_inverse<Rational>(g);
  std::map<RowIndex, Rational> law;
  for (Eigen::Index row = 0; row < a.rows(); ++row)
    law[indices[row]] = quadratic_form(a, row, inverse) / rank;
  return law;
}

std::map<RowIndex, Rational> law_of_sampler(const KhatriRaoCase& c) {
  const KhatriRaoSampler<Rational> sampler = sampler_of(c);
  return law_of_draws([&](auto& coin) { return sampler.draw(coin); });
}

struct Sampled : KhatriRaoCase {};
Json describe(const Sampled& c) {
  Json json = describe(static_cast<const KhatriRaoCase&>(c));
  std::map<RowIndex, Rational> law = law_of_sampler(c);
  for (const RowIndex& row : all_rows(c)) json["law"].push_back(json_number(law[row]));
  return json;
}
std::vector<Sampled> smaller(const Sampled& c) {
  std::vector<Sampled> cases;
  for (KhatriRaoCase& s : smaller(static_cast<const KhatriRaoCase&>(c))) cases.push_back({std::move(s)});
  return cases;
}

Rational law_error(const KhatriRaoCase& c) {
  std::map<RowIndex, Rational> drawn = law_of_sampler(c);
  Rational largest = 0;
  for (const auto& [index, probability] : leverage_of_rows(c))
    largest = std::max(largest, Rational(abs(Rational(drawn[index] - probability))));
  return largest;
}

Rational product_error(const KhatriRaoCase& c) {
  std::vector<KhatriRaoSampler<Rational>> single;
  for (const Matrix<double>& u : c.factors) single.emplace_back(std::vector{matrix_from<Rational>(u)});
  Rational largest = 0;
  for (const auto& [index, probability] : leverage_of_rows(c)) {
    Rational product = 1;
    for (std::size_t k = 0; k < single.size(); ++k)
      product *= single[k].leverage({index[k]}) / single[k].rank();
    largest = std::max(largest, Rational(abs(Rational(product - probability))));
  }
  return largest;
}

const Registration leverage_law =
    claim("bharadwaj-et-al-2023/leverage-law", "the sampler's law (number not looked up)", Standing::checked)
        .says(
            "the sampler draws the rows of a Khatri-Rao product exactly from their leverage scores",
            R"($\Pr[(i_1,\dots,i_N)] = a\,(A^\top A)^+ a^\top / \mathrm{rank}\,A$, $A = U_1 \oslash \dots \oslash U_N$)")
        .given([](Draw& d) { return Sampled{draw_khatri_rao(d)}; })
        .sizes(60, 400, 4000)
        .where("A is not 0", not_zero)
        .equal("law = leverage scores / rank", law_error)
        .twin_equal("the law is the product of the factors' laws", product_error);

}  // namespace
}  // namespace attnbounds
