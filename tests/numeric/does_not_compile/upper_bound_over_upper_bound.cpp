// Dividing by an upper bound bounds nothing: the denominator needs a lower bound.
// expects: (no match for .operator/.|invalid operands to binary expression).*UpperBound
#include "numeric/proved.hpp"

using namespace attnbounds;

const UpperBound a = UpperBound::exactly(2), b = UpperBound::exactly(1);
#ifdef PERMITTED
const UpperBound c = divide_by_at_least(a, 1.0);
#else
const auto c = a / b;
#endif
