// A double becomes a bound only through exactly().
// expects: conver(t|sion).*double.*UpperBound
#include "numeric/proved.hpp"

using namespace attnbounds;

const double x = 0.5;
#ifdef PERMITTED
const UpperBound bound = UpperBound::exactly(x);
#else
const UpperBound bound = x;
#endif
