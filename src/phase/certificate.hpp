// Points of the threshold as JSON for attnbounds-check (docs/certificates.md, kind threshold-point).
#pragma once

#include <nlohmann/json.hpp>

#include "phase/exponent.hpp"

namespace attnbounds {

/// The two degrees' proofs: {"upper", "lower"}, those of the exchange where it found the degrees, else the
/// word "bessel". None for B in place of kappa, for kappa = 0, and where only LB1 says that a degree is
/// needed.
std::optional<nlohmann::ordered_json> degree_proofs(const PhasePoint& point, const PhaseValue& value);

/// The certificate of `exponent`, the enclosure of value.exponent as it is printed. None as above.
std::optional<nlohmann::ordered_json> threshold_certificate(const PhasePoint& point, const PhaseValue& value,
                                                            const nlohmann::ordered_json& exponent);

}  // namespace attnbounds
