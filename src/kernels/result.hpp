// What a kernel returns: the output and what is proved of it.
#pragma once

#include <string>

#include "numeric/matrix.hpp"
#include "numeric/proved.hpp"
#include "polynomial/polynomial.hpp"

namespace attnbounds {

enum class AttentionMethod { exact, polynomial };
inline const char* name(AttentionMethod method) {
  return method == AttentionMethod::exact ? "exact" : "polynomial";
}

/// max_ij |output_ij - Att_ij| <= bound, and bound covers both parts.
struct AttentionResult {
  Matrix<double> output;
  AttentionMethod method = AttentionMethod::exact;
  Degree degree;  // of the polynomial; 0 for exact
  long rank = 0;  // C(d+g, g); 0 for exact
  UpperBound bound = UpperBound::infinite();
  UpperBound bound_approximation;
  UpperBound bound_rounding = UpperBound::infinite();
  UpperBound half_width;  // X of the scores after the free shift
  double seconds = 0;
  std::string reason;  // of the choice of method, one sentence
};

}  // namespace attnbounds
