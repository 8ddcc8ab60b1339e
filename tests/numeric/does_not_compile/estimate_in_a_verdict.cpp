// Only enclosures decide a claim.
// expects: (invalid initialization|no matching function)
#include "numeric/proved.hpp"

using namespace attnbounds;

const Estimate measured(0.5);
#ifdef PERMITTED
const Verdict verdict = at_most(enclose(0.5), enclose(1.0));
#else
const Verdict verdict = at_most(measured, enclose(1.0));
#endif
