#include "phase/certificate.hpp"

#include "numeric/exact_text.hpp"
#include "polynomial/certificate.hpp"

namespace attnbounds {
namespace {

using Json = nlohmann::ordered_json;

Json on_interval(const Rational& half_width, const Json& proof) {
  Json result{{"half_width", exact_text(half_width)}};
  result.update(proof);
  return result;
}

}  // namespace

std::optional<Json> degree_proofs(const PhasePoint& point, const PhaseValue& value) {
  const long needed = value.degree_needed.value;
  if (point.B || point.kappa == 0) return std::nullopt;
  if (needed > 0 && !value.below && Rational(needed) < value.half_width) return std::nullopt;
  return Json{
      {"upper", value.at ? on_interval(value.half_width, upper_side(value.at->upper)) : Json("bessel")},
      {"lower", needed == 0   ? Json()
                : value.below ? on_interval(value.low_half_width, lower_side(value.below->lower))
                              : Json("bessel")}};
}

std::optional<Json> threshold_certificate(const PhasePoint& point, const PhaseValue& value,
                                          const Json& exponent) {
  const std::optional<Json> proofs = degree_proofs(point, value);
  if (!proofs) return std::nullopt;
  Json described{{"kind", name(point.kind)},
                 {"problem", name(point.problem)},
                 {"n", point.n.text},
                 {"kappa", exact_text(point.kappa)},
                 {"c", exact_text(point.c)},
                 {"C", exact_text(point.C)},
                 {"d", value.dimension},
                 {"degree", value.degree.value},
                 {"degree_needed", value.degree_needed.value}};
  described.update(*proofs);
  const auto exactly = [&](const char* end) {
    return exact_text(rational_from_text(exponent.at(end).get<std::string>(), end));
  };
  return Json{{"format", "attnbounds-certificate"},
              {"version", 1},
              {"kind", "threshold-point"},
              {"point", described},
              {"exponent", {{"lower", exactly("lower")}, {"upper", exactly("upper")}}},
              {"pays", name(value.pays)}};
}

}  // namespace attnbounds
