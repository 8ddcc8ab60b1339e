// What goes into attention: matrices of doubles, taken as exact, rows are tokens. n queries and m keys may
// differ, except under a causal mask.
#pragma once

#include "numeric/matrix.hpp"

namespace attnbounds {

enum class Mask { none, causal };

/// How many leading keys row i sees.
inline Eigen::Index visible_keys(Mask mask, Eigen::Index i, Eigen::Index keys) {
  return mask == Mask::causal ? i + 1 : keys;
}

struct Shape {
  Eigen::Index rows = 0, columns = 0;
};
template <class Scalar>
Shape shape_of(const Matrix<Scalar>& m) {
  return {m.rows(), m.cols()};
}

// Errors: InputError with the two matrices that do not fit, the shape expected and the shape found.
void validate_attention(Shape q, Shape k, Shape v, Mask mask);
void validate_tensor_attention(Shape q, Shape k1, Shape k2, Shape v1, Shape v2, Mask mask);

struct AttentionInput {
  Matrix<double> q, k, v;  // n x d, m x d, m x d_v
  /// Errors: InputError for shapes that do not fit, NaN and infinities.
  void validate(Mask mask = Mask::none) const;
};

struct TensorAttentionInput {
  Matrix<double> q, k1, k2, v1, v2;  // n x d, m1 x d, m2 x d, m1 x d_v, m2 x d_v
  void validate(Mask mask = Mask::none) const;
};

}  // namespace attnbounds
