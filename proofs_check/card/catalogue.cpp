// The definitions that cards may call. Letters of a signature: n number, e exact number, m matrix, x exact
// matrix, p polynomial, l layers; + repeats the last. Result: kind, then = exact, ? exact if the arguments
// are, ~ enclosed.
#include <map>

#include "proofs_check/card/language.hpp"

namespace attnbounds {
namespace {

Definition entry(const char* signature, const char* meaning) {  // "name letters result", as in the list
  const std::string text = signature;
  const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
  Definition d{text.substr(0, first), {}, false, Kind::number, ResultIs::exact, meaning};
  for (const char c : text.substr(first + 1, second - first - 1)) {
    if (c == '+') d.many = true;
    else
      d.takes.push_back(c == 'n'   ? Takes::number
                        : c == 'e' ? Takes::exact_number
                        : c == 'm' ? Takes::matrix
                        : c == 'x' ? Takes::exact_matrix
                        : c == 'p' ? Takes::polynomial
                                   : Takes::layers);
  }
  const char kind = text[second + 1], exactness = text[second + 2];
  d.gives = kind == 'n' ? Kind::number : kind == 'm' ? Kind::matrix : Kind::polynomial;
  d.result_is = exactness == '='   ? ResultIs::exact
                : exactness == '?' ? ResultIs::exact_if_arguments_are
                                   : ResultIs::enclosed;
  return d;
}

}  // namespace

const std::vector<Definition>& catalogue_of_definitions() {
  static const std::vector<Definition> list = {
      // numbers
      entry("abs n n?", "|x|"),
      entry("max n+ n?", "the largest"),
      entry("min n+ n?", "the smallest"),
      entry("floor e n=", "the largest integer <= x"),
      entry("ceil e n=", "the least integer >= x"),
      entry("factorial e n=", "n!"),
      entry("binomial ee n=", "n over k"),
      entry("exp n n~", "e^x"),
      entry("log n n~", "natural logarithm, x > 0"),
      entry("sqrt n n~", "square root, x >= 0"),
      entry("tanh n n~", "hyperbolic tangent"),
      entry("phi n n~", "2 delta/(1 + sqrt(1 - delta^2)): the sharp change of softmax under relative delta"),
      entry("bessel_i en n~", "I_k(X), k >= 0, exact X >= 0"),
      entry("bessel_i_tail en n~", "I_k(X) + I_{k+1}(X) + ..."),
      entry("bessel_j en n~", "J_k(x), 0 <= x <= k"),
      // polynomials of exp
      entry("least_degree ee n=", "least degree for relative error epsilon on [-X, X]: (X, epsilon)"),
      entry("least_degree_absolute ee n=", "the same for absolute error"),
      entry("taylor_degree ee n=", "first Taylor section within relative epsilon on [-X, X]: (X, epsilon)"),
      entry("best_error ee n~", "best relative error of degree g on [-X, X]: (g, X)"),
      entry("best_error_absolute ee n~", "best absolute error of degree g on [-X, X]: (g, X)"),
      entry("monomial_rank ee n=", "C(d + g, g): (d, g)"),
      entry("taylor e p=", "1 + x + ... + x^g/g!"),
      entry("minimax ee p=", "best relative approximation of exp, degree g on [-X, X], in doubles: (g, X)"),
      entry("minimax_error ee n=", "proved bound on the relative error of minimax(g, X) on [-X, X]"),
      entry("polynomial e+ p=", "c_0 + c_1 x + ...: (c_0, c_1, ...)"),
      entry("coefficient pe n=", "c_k"),
      entry("at pn n?", "P(x)"),
      entry("at_entries pm m?", "P of every entry"),
      entry("relative_error px n~", "largest |P(s) e^-s - 1| over the entries"),
      entry("absolute_error px n~", "largest |P(s) - e^s| over the entries"),
      // attention
      entry("scores mm m?", "Q K^T/d"),
      entry("tensor_scores mmm m?", "Q (K1 (/) K2)^T/d, a column a pair"),
      entry("softmax m m~", "softmax of every row"),
      entry("attention mmm m~", "D^-1 exp(Q K^T/d) V: (Q, K, V)"),
      entry("causal_attention mmm m~", "attention, row i sees the keys j <= i"),
      entry("tensor_attention mmmmm m~", "(Q, K1, K2, V1, V2)"),
      entry("polynomial_attention pmmm m?", "attention with P in the place of exp"),
      entry("polynomial_causal_attention pmmm m?", "causal attention with P in the place of exp"),
      entry("polynomial_tensor_attention pmmmmm m?", "tensor attention with P in the place of exp"),
      entry("loss mmmmmm n~", "1/2 |Att(A1 X, A2, A3 Y) - E|_F^2: (A1, A2, A3, X, Y, E)"),
      entry("gradient mmmmmm m~", "dL/dX of the matrix loss"),
      entry("polynomial_gradient pmmmmmm m?", "its closed form with P in the place of exp"),
      entry("tensor_gradient mmmmmmmmm m~", "dL/dX of the tensor loss: (A1, A2, A3, A4, A5, X, Y1, Y2, E)"),
      entry("polynomial_tensor_gradient pmmmmmmmmm m?", "its closed form with P in the place of exp"),
      entry("attention_gradient_q mmmm m~", "d<G, Att>/dQ: (Q, K, V, G)"),
      entry("attention_gradient_k mmmm m~", "d<G, Att>/dK"),
      entry("attention_gradient_v mmmm m~", "d<G, Att>/dV"),
      // layers
      entry("forward lm m~", "the last state T_m: (layers, T_0)"),
      entry("polynomial_forward plm m~", "the same with P in the place of exp"),
      entry("forward_bound lmn n~",
            "proved bound on |T~_m - T_m|_max at relative delta: (layers, T_0, delta)"),
      entry("score_weights le m=", "W of layer i, counted from 1"),
      entry("value_weights le m=", "W_V of layer i, counted from 1"),
      entry("backward lmm m~", "dL/dT_0 of L = 1/2 |T_m - E|_F^2: (layers, T_0, E)"),
      // matrices
      entry("max_norm m n?", "largest |entry|"),
      entry("one_norm m n?", "sum of |entries|"),
      entry("frobenius m n~", "Frobenius norm"),
      entry("frobenius_squared m n?", "its square"),
      entry("row_sum_norm m n?", "largest sum of |entries| of a row"),
      entry("column_sum_norm m n?", "largest sum of |entries| of a column"),
      entry("column_range m n?", "largest max - min of a column"),
      entry("largest_entry m n?", "largest entry"),
      entry("smallest_entry m n?", "smallest entry"),
      entry("trace m n?", "sum of the diagonal"),
      entry("total m n?", "sum of the entries"),
      entry("inner mm n?", "<A, B>, sum of the products of entries"),
      entry("rank x n=", "rank over the rationals"),
      entry("rows m n=", "number of rows"),
      entry("columns m n=", "number of columns"),
      entry("entry mee n?", "M_ij, counted from 1"),
      entry("row me m?", "row i, counted from 1"),
      entry("column me m?", "column j, counted from 1"),
      entry("transpose m m?", "M^T"),
      entry("hadamard mm m?", "entrywise product"),
      entry("kronecker mm m?", "A (x) B"),
      entry("khatri_rao mm m?", "A (/) B, column-wise Kronecker product"),
      entry("add_to_rows mm m?", "a row vector added to every row"),
      entry("normalise_rows m m?", "rows divided by their sums"),
      entry("exp_entries m m~", "e^x of every entry"),
      entry("abs_entries m m?", "|x| of every entry"),
      entry("constant nee m?", "all entries c: (c, rows, columns)"),
      entry("identity e m=", "identity matrix"),
      entry("random eeee m=", "entries of [-B, B], fixed by the seed: (seed, rows, columns, B)"),
  };
  return list;
}

const Definition* find_definition(const std::string& name) {
  static const std::map<std::string, const Definition*> by_name = [] {
    std::map<std::string, const Definition*> index;
    for (const Definition& d : catalogue_of_definitions()) index[d.name] = &d;
    return index;
  }();
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

}  // namespace attnbounds
