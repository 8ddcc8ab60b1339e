// A bound does not decay into a number: value() says that the direction is given up.
// expects: conver(t|sion).*UpperBound.*double
#include "numeric/proved.hpp"

using namespace attnbounds;

const UpperBound bound = UpperBound::exactly(0.5);
#ifdef PERMITTED
const double x = bound.value();
#else
const double x = bound;
#endif
