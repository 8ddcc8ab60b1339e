#include "numeric/proved.hpp"

#include "numeric/zoo.hpp"

namespace attnbounds {

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::verified:
      return "verified";
    case Verdict::refuted:
      return "refuted";
    case Verdict::undecided:
      return "undecided";
  }
  return "undecided";
}

Verdict at_most(const Interval& left, const Interval& right) {
  if (!is_finite(left) || !is_finite(right)) return Verdict::undecided;
  if (upper(left) <= (bug(Bug::overlap_is_verified) ? upper(right) : lower(right))) return Verdict::verified;
  if (lower(left) > upper(right)) return Verdict::refuted;
  return Verdict::undecided;
}

}  // namespace attnbounds
