// A measurement encloses nothing.
// expects: no matching (function|constructor).*Enclosure
#include "numeric/proved.hpp"

using namespace attnbounds;

const Estimate measured(0.5);
#ifdef PERMITTED
const Enclosure proved(enclose(0.5));
#else
const Enclosure proved(measured);
#endif
