// Points of the threshold and their limits as JSON for attnbounds-check (docs/certificates.md, kinds
// threshold-point and threshold-limit). `exponent` is an enclosure as it is printed.
#pragma once

#include <nlohmann/json.hpp>

#include "phase/exponent.hpp"

namespace attnbounds {

/// d, both degrees, and their proofs `upper` and `lower`: those of the exchange where it found the degrees,
/// else the word "bessel". None for B in place of kappa, for kappa = 0, and where only LB1 says that a degree
/// is needed.
std::optional<nlohmann::ordered_json> proved_degrees(const PhasePoint& point, const PhaseValue& value);

/// None as above.
std::optional<nlohmann::ordered_json> threshold_certificate(const PhasePoint& point, const PhaseValue& value,
                                                            const nlohmann::ordered_json& exponent);

/// Both ends of gamma, F(gamma, kappa^p) = C.
nlohmann::ordered_json degree_ratio(const PhasePoint& point);
nlohmann::ordered_json limit_certificate(const PhasePoint& point, const nlohmann::ordered_json& exponent);

}  // namespace attnbounds
