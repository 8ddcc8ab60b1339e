#include "phase/certificate.hpp"

#include "numeric/exact_text.hpp"
#include "phase/limit.hpp"
#include "polynomial/certificate.hpp"

namespace attnbounds {
namespace {

using Json = nlohmann::ordered_json;

Json on_interval(const Rational& half_width, const Json& proof) {
  Json result{{"half_width", exact_text(half_width)}};
  result.update(proof);
  return result;
}

Json certificate(const char* kind, const Json& point, const Json& exponent, Verdict pays) {
  const auto exactly = [&](const char* end) {
    return exact_text(rational_from_text(exponent.at(end).get<std::string>(), end));
  };
  return {{"format", "attnbounds-certificate"},
          {"version", 1},
          {"kind", kind},
          {"point", point},
          {"exponent", {{"lower", exactly("lower")}, {"upper", exactly("upper")}}},
          {"pays", name(pays)}};
}

}  // namespace

std::optional<Json> proved_degrees(const PhasePoint& point, const PhaseValue& value) {
  const long needed = value.degree_needed.value;
  if (point.B || point.kappa == 0) return std::nullopt;
  if (needed > 0 && !value.below && Rational(needed) < value.half_width) return std::nullopt;
  return Json{
      {"d", value.dimension},
      {"degree", value.degree.value},
      {"degree_needed", needed},
      {"upper", value.at ? on_interval(value.half_width, upper_side(value.at->upper)) : Json("bessel")},
      {"lower", needed == 0   ? Json()
                : value.below ? on_interval(value.low_half_width, lower_side(value.below->lower))
                              : Json("bessel")}};
}

std::optional<Json> threshold_certificate(const PhasePoint& point, const PhaseValue& value,
                                          const Json& exponent) {
  const std::optional<Json> degrees = proved_degrees(point, value);
  if (!degrees) return std::nullopt;
  Json described{{"kind", name(point.kind)}, {"problem", name(point.problem)},
                 {"n", point.n.text},        {"kappa", exact_text(point.kappa)},
                 {"c", exact_text(point.c)}, {"C", exact_text(point.C)}};
  described.update(*degrees);
  return certificate("threshold-point", described, exponent, value.pays);
}

Json degree_ratio(const PhasePoint& point) {
  const Enclosure gamma = limit_degree_ratio(half_width_ratio(point), point.C);
  return {{"lower", exact_text(to_rational(gamma.lower()))},
          {"upper", exact_text(to_rational(gamma.upper()))}};
}

Json limit_certificate(const PhasePoint& point, const Json& exponent) {
  const Enclosure limit = limit_exponent(point.kind, point.kappa, point.c, point.C);
  const long p = order(point.kind);
  Json result = certificate("threshold-limit",
                            {{"kind", name(point.kind)},
                             {"kappa", exact_text(point.kappa)},
                             {"c", exact_text(point.c)},
                             {"C", exact_text(point.C)}},
                            exponent,
                            limit.upper() < p    ? Verdict::verified
                            : limit.lower() >= p ? Verdict::refuted
                                                 : Verdict::undecided);
  result["degree_ratio"] = degree_ratio(point);
  return result;
}

}  // namespace attnbounds
