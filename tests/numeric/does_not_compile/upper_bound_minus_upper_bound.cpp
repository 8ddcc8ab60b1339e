// The difference of two upper bounds bounds nothing.
// expects: (no match for .operator-.|invalid operands to binary expression).*UpperBound
#include "numeric/proved.hpp"

using namespace attnbounds;

const UpperBound a = UpperBound::exactly(2), b = UpperBound::exactly(1);
#ifdef PERMITTED
const UpperBound c = a + b;
#else
const auto c = a - b;
#endif
