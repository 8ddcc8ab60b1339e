// What a kernel returns: the output and what is proved of it.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "numeric/matrix.hpp"
#include "numeric/proved.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

enum class AttentionMethod { exact, polynomial };
inline const char* name(AttentionMethod method) {
  return method == AttentionMethod::exact ? "exact" : "polynomial";
}

/// The budget cannot be met by the method that was asked for.
class BudgetMissed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// max_ij |output_ij - Att_ij| <= bound, and bound covers both parts.
template <class T>
struct BoundedOutput {
  Matrix<T> output;
  UpperBound bound = UpperBound::infinite();
  UpperBound bound_approximation;
  UpperBound bound_rounding = UpperBound::infinite();
  UpperBound half_width;  // X of the scores after the free shift; infinite if not computed
};

struct AttentionResult : BoundedOutput<double> {
  AttentionResult() = default;
  explicit AttentionResult(BoundedOutput<double> bounded) : BoundedOutput<double>(std::move(bounded)) {}

  AttentionMethod method = AttentionMethod::exact;
  Degree degree;  // of the polynomial; 0 for exact
  long rank = 0;  // C(d+g, g); 0 for exact
  double seconds = 0;
  std::string reason;  // of the choice of method, one sentence
};

}  // namespace attnbounds
