// The catalogue's matrices: attention, gradients and layers from src/attention, norms, and the algebra.
#include "attention/gradient.hpp"
#include "attention/propagation.hpp"
#include "numeric/random.hpp"
#include "proofs_check/card/evaluate.hpp"
#include "proofs_check/card/meaning.hpp"

namespace attnbounds {
namespace {

using E = Arguments<Rational>;
using N = Arguments<Interval>;
using Index = Eigen::Index;

constexpr long most_side = 64, most_entries = 1 << 16;

template <class Scalar>
Matrix<Scalar> filled(Index rows, Index columns, const Scalar& c) {
  return Matrix<Scalar>::Constant(rows, columns, c);
}

void needs_shape(bool fits, const std::string& expected, Index rows, Index columns) {
  if (!fits) throw Mismatch{expected, std::to_string(rows) + " x " + std::to_string(columns)};
}
void needs_size(Index rows, Index columns) {
  needs_shape(rows * columns <= most_entries, "a result of at most 65536 entries", rows, columns);
}

/// Scores of queries against keys, after the shapes were checked.
template <class Scalar>
Matrix<Scalar> score_matrix(const Matrix<Scalar>& q, const Matrix<Scalar>& k) {
  needs_shape(q.cols() == k.cols(), std::to_string(q.cols()) + " columns of the keys", k.rows(), k.cols());
  Matrix<Scalar> s(q.rows(), k.rows());
  for (Index i = 0; i < s.rows(); ++i)
    for (Index j = 0; j < s.cols(); ++j) s(i, j) = score(q, i, k, j);
  return s;
}

template <class Scalar>
MatrixLoss<Scalar> loss_arguments(const Arguments<Scalar>& x, std::size_t first) {
  const auto m = [&](std::size_t i) { return x.matrix(first + i); };
  MatrixLoss<Scalar> loss{m(0), m(1), m(2), m(3), m(4), m(5)};
  needs_shape(loss.x.rows() == loss.a1.cols(), "X with a row a column of A1", loss.x.rows(), loss.x.cols());
  needs_shape(loss.x.cols() == loss.a2.cols(), "X with a column a column of A2", loss.x.rows(),
              loss.x.cols());
  needs_shape(loss.y.rows() == loss.a3.cols(), "Y with a row a column of A3", loss.y.rows(), loss.y.cols());
  needs_shape(loss.a3.rows() == loss.a2.rows(), "A3 with the rows of A2", loss.a3.rows(), loss.a3.cols());
  needs_shape(loss.e.rows() == loss.a1.rows() && loss.e.cols() == loss.y.cols(),
              "E with the rows of A1 and the columns of Y", loss.e.rows(), loss.e.cols());
  return loss;
}
template <class Scalar>
TensorLoss<Scalar> tensor_loss_arguments(const Arguments<Scalar>& x, std::size_t first) {
  const auto m = [&](std::size_t i) { return x.matrix(first + i); };
  TensorLoss<Scalar> t{m(0), m(1), m(2), m(3), m(4), m(5), m(6), m(7), m(8)};
  const Index d = t.a1.cols(), n2 = t.a2.rows(), n3 = t.a3.rows();
  needs_shape(
      t.x.rows() == d && t.x.cols() == t.a2.cols() * t.a3.cols() && t.a2.cols() == d && t.a3.cols() == d,
      "X of d x d^2, with A1, A2, A3 of d columns", t.x.rows(), t.x.cols());
  needs_shape(t.a4.rows() == n2 && t.y1.rows() == t.a4.cols(), "A4 Y1 with the rows of A2", t.a4.rows(),
              t.a4.cols());
  needs_shape(t.a5.rows() == n3 && t.y2.rows() == t.a5.cols() && t.y1.cols() == t.y2.cols(),
              "A5 Y2 with the rows of A3 and the columns of Y1", t.a5.rows(), t.a5.cols());
  needs_shape(t.e.rows() == t.a1.rows() && t.e.cols() == t.y1.cols(),
              "E with the rows of A1 and the columns of Y1", t.e.rows(), t.e.cols());
  return t;
}

AttentionGradient<Interval> attention_gradients(const N& x) {
  const Matrix<Interval> q = x.matrix(0), v = x.matrix(2), g = x.matrix(3);
  needs_shape(g.rows() == q.rows() && g.cols() == v.cols(), "G with the rows of Q and the columns of V",
              g.rows(), g.cols());
  return attention_gradient(q, x.matrix(1), v, g);
}

struct PolynomialWeights {
  const Polynomial* polynomial;
  const Polynomial& operator()(Index, Index) const { return *polynomial; }
};

struct States {
  std::vector<Layer<Interval>> layers;
  Matrix<Interval> input;
};
States states(const N& x, std::size_t first) {
  States s{layers_over<Interval>(x.layers(first)), x.matrix(first + 1)};
  const Index width = s.layers.empty() ? s.input.cols() : s.layers.front().heads.front().w.rows();
  needs_shape(s.input.cols() == width, std::to_string(width) + " columns of T_0", s.input.rows(),
              s.input.cols());
  return s;
}
template <class WeightsOf = ExactWeights>
Matrix<Interval> last_state(const States& s, const WeightsOf& weights = {}) {
  return s.layers.empty() ? s.input : forward(s.layers, s.input, weights).back().output;
}

Interval forward_bound(const N& x) {
  const States s = states(x, 0);
  const auto traces = forward(s.layers, s.input);
  Interval e = 0;
  for (std::size_t l = 0; l < s.layers.size(); ++l)
    e = forward_errors(layer_constants(s.layers[l], traces[l], ConstantsFrom::states), e, x.number(2)).output;
  return e;
}
Matrix<Interval> backward_gradient(const N& x) {
  const States s = states(x, 0);
  const Matrix<Interval> target = x.matrix(2);
  needs_shape(target.rows() == s.input.rows() && target.cols() == s.input.cols(), "E with the shape of T_0",
              target.rows(), target.cols());
  if (s.layers.empty()) return Matrix<Interval>(s.input - target);
  const auto traces = forward(s.layers, s.input);
  return backward(s.layers, traces, squared_loss(traces.back().output, target).gradient).front().input;
}

Rational rank_of(Matrix<Rational> m) {  // Gauss, over the rationals
  Index rank = 0;
  for (Index column = 0; column < m.cols() && rank < m.rows(); ++column) {
    Index pivot = rank;
    while (pivot < m.rows() && m(pivot, column) == 0) ++pivot;
    if (pivot == m.rows()) continue;
    m.row(pivot).swap(m.row(rank));
    for (Index i = rank + 1; i < m.rows(); ++i) {
      const Rational factor = m(i, column) / m(rank, column);
      for (Index j = column; j < m.cols() && factor != 0; ++j) m(i, j) -= factor * m(rank, j);
    }
    ++rank;
  }
  return Rational(rank);
}

/// Folds the entries from `start`.
template <class Scalar, class F>
Scalar folded(const Matrix<Scalar>& m, Scalar start, const F& f) {
  for (Index i = 0; i < m.size(); ++i) start = f(start, m.data()[i]);
  return start;
}
template <class Scalar>
Scalar largest_absolute_row_sum(const Matrix<Scalar>& m) {
  Scalar largest = scalar_from<Scalar>(0);
  for (Index i = 0; i < m.rows(); ++i) {
    Scalar sum = scalar_from<Scalar>(0);
    for (Index j = 0; j < m.cols(); ++j) sum += size_of_number(m(i, j));
    largest = larger_of(largest, sum);
  }
  return largest;
}
template <class Scalar>
Matrix<Scalar> entrywise(Matrix<Scalar> m, const Matrix<Scalar>& other) {
  needs_shape(m.rows() == other.rows() && m.cols() == other.cols(), "matrices of one shape", other.rows(),
              other.cols());
  for (Index i = 0; i < m.size(); ++i) m.data()[i] *= other.data()[i];
  return m;
}

}  // namespace

const std::map<std::string, Meaning>& matrix_meanings() {
  static const std::map<std::string, Meaning> list = {
      {"scores", if_exact([](const auto& x) { return score_matrix(x.matrix(0), x.matrix(1)); })},
      {"tensor_scores", if_exact([](const auto& x) {
         const auto k1 = x.matrix(1), k2 = x.matrix(2);
         needs_shape(k1.cols() == k2.cols(), "keys of one width", k2.rows(), k2.cols());
         return score_matrix(x.matrix(0), khatri_rao(k1, k2));
       })},
      {"softmax", enclosed([](const N& x) { return softmax_rows(x.matrix(0)); })},
      {"attention", enclosed([](const N& x) { return attention(x.matrix(0), x.matrix(1), x.matrix(2)); })},
      {"causal_attention",
       enclosed([](const N& x) { return attention(x.matrix(0), x.matrix(1), x.matrix(2), Mask::causal); })},
      {"tensor_attention", enclosed([](const N& x) {
         return tensor_attention(x.matrix(0), x.matrix(1), x.matrix(2), x.matrix(3), x.matrix(4));
       })},
      {"polynomial_attention", if_exact([](const auto& x) {
         return attention(x.matrix(1), x.matrix(2), x.matrix(3), Mask::none, x.polynomial(0));
       })},
      {"polynomial_causal_attention", if_exact([](const auto& x) {
         return attention(x.matrix(1), x.matrix(2), x.matrix(3), Mask::causal, x.polynomial(0));
       })},
      {"polynomial_tensor_attention", if_exact([](const auto& x) {
         return tensor_attention(x.matrix(1), x.matrix(2), x.matrix(3), x.matrix(4), x.matrix(5), Mask::none,
                                 x.polynomial(0));
       })},
      {"loss", enclosed([](const N& x) { return loss(loss_arguments(x, 0)); })},
      {"gradient", enclosed([](const N& x) { return loss_gradient(loss_arguments(x, 0)).x; })},
      {"polynomial_gradient",
       if_exact([](const auto& x) { return loss_gradient(loss_arguments(x, 1), x.polynomial(0)).x; })},
      {"tensor_gradient", enclosed([](const N& x) { return loss_gradient(tensor_loss_arguments(x, 0)).x; })},
      {"polynomial_tensor_gradient",
       if_exact([](const auto& x) { return loss_gradient(tensor_loss_arguments(x, 1), x.polynomial(0)).x; })},
      {"attention_gradient_q", enclosed([](const N& x) { return attention_gradients(x).q; })},
      {"attention_gradient_k", enclosed([](const N& x) { return attention_gradients(x).k; })},
      {"attention_gradient_v", enclosed([](const N& x) { return attention_gradients(x).v; })},
      {"forward", enclosed([](const N& x) { return last_state(states(x, 0)); })},
      {"polynomial_forward",
       enclosed([](const N& x) { return last_state(states(x, 1), PolynomialWeights{&x.polynomial(0)}); })},
      {"forward_bound", enclosed(forward_bound)},
      {"score_weights", exactly([](const E& x) {
         const CardLayers& layers = x.layers(0);
         return matrix_from<Rational>(
             layers[x.integer(1, 1, static_cast<long>(layers.size())) - 1].heads.front().w);
       })},
      {"value_weights", exactly([](const E& x) {
         const CardLayers& layers = x.layers(0);
         return matrix_from<Rational>(
             layers[x.integer(1, 1, static_cast<long>(layers.size())) - 1].heads.front().w_v);
       })},
      {"backward", enclosed(backward_gradient)},
      {"max_norm", if_exact([](const auto& x) { return max_abs(x.matrix(0)); })},
      {"one_norm", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, scalar_from<S>(0), [](const S& a, const S& b) { return S(a + size_of_number(b)); });
       })},
      {"frobenius", enclosed([](const N& x) {
         Interval sum = 0;
         const Matrix<Interval> m = x.matrix(0);
         for (Index i = 0; i < m.size(); ++i)
           sum += absolute_value(m.data()[i]) * absolute_value(m.data()[i]);
         return root_of(sum);
       })},
      {"frobenius_squared", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, scalar_from<S>(0),
                       [](const S& a, const S& b) { return S(a + size_of_number(b) * size_of_number(b)); });
       })},
      {"row_sum_norm", if_exact([](const auto& x) { return largest_absolute_row_sum(x.matrix(0)); })},
      {"column_sum_norm", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         using M = decltype(m);
         return largest_absolute_row_sum(M(m.transpose()));
       })},
      {"column_range", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         S largest = scalar_from<S>(0);
         for (Index j = 0; j < m.cols(); ++j) {
           S low = m(0, j), high = m(0, j);
           for (Index i = 1; i < m.rows(); ++i) {
             low = smaller_than(low, m(i, j));
             high = larger_of(high, m(i, j));
           }
           largest = larger_of(largest, S(high - low));
         }
         return largest;
       })},
      {"largest_entry", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, S(m(0, 0)), [](const S& a, const S& b) { return larger_of(a, b); });
       })},
      {"smallest_entry", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, S(m(0, 0)), [](const S& a, const S& b) { return smaller_than(a, b); });
       })},
      {"trace", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         needs_shape(m.rows() == m.cols(), "a square matrix", m.rows(), m.cols());
         S sum = scalar_from<S>(0);
         for (Index i = 0; i < m.rows(); ++i) sum += m(i, i);
         return sum;
       })},
      {"total", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, scalar_from<S>(0), [](const S& a, const S& b) { return S(a + b); });
       })},
      {"inner", if_exact([](const auto& x) {
         const auto m = entrywise(x.matrix(0), x.matrix(1));
         using S = typename std::decay_t<decltype(m)>::Scalar;
         return folded(m, scalar_from<S>(0), [](const S& a, const S& b) { return S(a + b); });
       })},
      {"rank", exactly([](const E& x) { return rank_of(x.exact_matrix(0)); })},
      {"rows", if_exact([](const auto& x) { return Rational(x.matrix(0).rows()); })},
      {"columns", if_exact([](const auto& x) { return Rational(x.matrix(0).cols()); })},
      {"entry", if_exact([](const auto& x) {
         const auto m = x.matrix(0);
         return m(x.integer(1, 1, m.rows()) - 1, x.integer(2, 1, m.cols()) - 1);
       })},
      {"row", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         using M = decltype(m);
         return M(m.row(x.integer(1, 1, m.rows()) - 1));
       })},
      {"column", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         using M = decltype(m);
         return M(m.col(x.integer(1, 1, m.cols()) - 1));
       })},
      {"transpose", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         using M = decltype(m);
         return M(m.transpose());
       })},
      {"hadamard", if_exact([](const auto& x) { return entrywise(x.matrix(0), x.matrix(1)); })},
      {"kronecker", if_exact([](const auto& x) {
         const auto a = x.matrix(0), b = x.matrix(1);
         needs_size(a.rows() * b.rows(), a.cols() * b.cols());
         return kronecker(a, b);
       })},
      {"khatri_rao", if_exact([](const auto& x) {
         const auto a = x.matrix(0), b = x.matrix(1);
         needs_shape(a.cols() == b.cols(), "matrices of one width", b.rows(), b.cols());
         needs_size(a.rows() * b.rows(), a.cols());
         return khatri_rao(a, b);
       })},
      {"add_to_rows", if_exact([](const auto& x) {
         const auto m = x.matrix(0), row = x.matrix(1);
         needs_shape(row.rows() == 1 && row.cols() == m.cols(),
                     "a row of " + std::to_string(m.cols()) + " entries", row.rows(), row.cols());
         return with_row_added(m, row);
       })},
      {"normalise_rows", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         using S = typename decltype(m)::Scalar;
         for (Index i = 0; i < m.rows(); ++i) {
           S sum = scalar_from<S>(0);
           for (Index j = 0; j < m.cols(); ++j) sum += m(i, j);
           if constexpr (std::is_same_v<S, Rational>)
             if (sum == 0) throw Mismatch{"rows of sum other than 0", "0"};
           for (Index j = 0; j < m.cols(); ++j) m(i, j) /= sum;
         }
         return m;
       })},
      {"exp_entries", enclosed([](const N& x) {
         Matrix<Interval> m = x.matrix(0);
         for (Index i = 0; i < m.size(); ++i) m.data()[i] = exp(m.data()[i]);
         return m;
       })},
      {"abs_entries", if_exact([](const auto& x) {
         auto m = x.matrix(0);
         for (Index i = 0; i < m.size(); ++i) m.data()[i] = size_of_number(m.data()[i]);
         return m;
       })},
      {"constant", if_exact([](const auto& x) {
         return filled(x.integer(1, 1, most_side), x.integer(2, 1, most_side), x.number(0));
       })},
      {"identity", exactly([](const E& x) {
         const long n = x.integer(0, 1, most_side);
         Matrix<Rational> m = filled(n, n, Rational(0));
         for (Index i = 0; i < n; ++i) m(i, i) = 1;
         return m;
       })},
      {"random", exactly([](const E& x) {
         const double bound = round_down(x.exact(3));
         if (!(bound >= 0)) throw Mismatch{"a bound >= 0", exact_text(x.exact(3))};
         Stream stream(static_cast<std::uint64_t>(x.integer(0, 0, 1L << 40)), "card/random");
         return matrix_from<Rational>(
             stream.uniform_matrix(x.integer(1, 1, most_side), x.integer(2, 1, most_side), bound));
       })},
  };
  return list;
}

}  // namespace attnbounds
