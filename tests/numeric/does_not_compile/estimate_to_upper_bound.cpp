// A measurement is no proved bound.
// expects: conver(t|sion).*Estimate.*UpperBound
#include "numeric/proved.hpp"

using namespace attnbounds;

const Estimate measured(0.5);
#ifdef PERMITTED
const UpperBound bound = UpperBound::exactly(0.5);
#else
const UpperBound bound = measured;
#endif
