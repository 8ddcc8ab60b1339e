// Not even when the bound is asked for by name.
// expects: conver(t|sion).*Estimate.*double
#include "numeric/proved.hpp"

using namespace attnbounds;

const Estimate measured(0.5);
#ifdef PERMITTED
const UpperBound bound = UpperBound::exactly(measured.value);
#else
const UpperBound bound = UpperBound::exactly(measured);
#endif
