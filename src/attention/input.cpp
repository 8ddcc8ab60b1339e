#include "attention/input.hpp"

#include <cmath>
#include <string>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

std::string text(Shape s) { return std::to_string(s.rows) + " x " + std::to_string(s.columns); }

void require_not_empty(const char* name, Shape s) {
  if (s.rows < 1 || s.columns < 1) throw InputError(name, "at least one row and one column", text(s));
}

void require_equal_columns(const char* a_name, Shape a, const char* b_name, Shape b) {
  if (a.columns != b.columns)
    throw InputError(std::string(b_name), "as many columns as " + std::string(a_name) + " (" + text(a) + ")",
                     text(b));
}

void require_equal_rows(const char* a_name, Shape a, const char* b_name, Shape b) {
  if (a.rows != b.rows)
    throw InputError(std::string(b_name), "as many rows as " + std::string(a_name) + " (" + text(a) + ")",
                     text(b));
}

void require_finite(const char* name, const Matrix<double>& m) {
  for (Eigen::Index i = 0; i < m.rows(); ++i)
    for (Eigen::Index j = 0; j < m.cols(); ++j)
      if (!std::isfinite(m(i, j)))
        throw InputError(std::string(name) + "[" + std::to_string(i) + "," + std::to_string(j) + "]",
                         "a finite number", std::isnan(m(i, j)) ? "NaN" : "an infinity");
}

}  // namespace

void validate_attention(Shape q, Shape k, Shape v, Mask mask) {
  require_not_empty("q", q);
  require_not_empty("k", k);
  require_not_empty("v", v);
  require_equal_columns("q", q, "k", k);
  require_equal_rows("k", k, "v", v);
  if (mask == Mask::causal) require_equal_rows("q", q, "k", k);
}

void validate_tensor_attention(Shape q, Shape k1, Shape k2, Shape v1, Shape v2, Mask mask) {
  require_not_empty("q", q);
  require_not_empty("k1", k1);
  require_not_empty("k2", k2);
  require_not_empty("v1", v1);
  require_not_empty("v2", v2);
  require_equal_columns("q", q, "k1", k1);
  require_equal_columns("q", q, "k2", k2);
  require_equal_rows("k1", k1, "v1", v1);
  require_equal_rows("k2", k2, "v2", v2);
  require_equal_columns("v1", v1, "v2", v2);
  if (mask == Mask::causal) {
    require_equal_rows("q", q, "k1", k1);
    require_equal_rows("q", q, "k2", k2);
  }
}

void AttentionInput::validate(Mask mask) const {
  validate_attention(shape_of(q), shape_of(k), shape_of(v), mask);
  require_finite("q", q);
  require_finite("k", k);
  require_finite("v", v);
}

void TensorAttentionInput::validate(Mask mask) const {
  validate_tensor_attention(shape_of(q), shape_of(k1), shape_of(k2), shape_of(v1), shape_of(v2), mask);
  require_finite("q", q);
  require_finite("k1", k1);
  require_finite("k2", k2);
  require_finite("v1", v1);
  require_finite("v2", v2);
}

}  // namespace attnbounds
