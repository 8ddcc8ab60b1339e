// The least-degree certificate as JSON: format and proofs in docs/certificates.md. attnbounds-check, which
// shares no code with this program, re-proves it.
#pragma once

#include <nlohmann/json.hpp>

#include "polynomial/least_degree.hpp"

namespace attnbounds {

/// Errors: std::invalid_argument if the answer carries no minimax certificates (sections and windows do not).
nlohmann::ordered_json least_degree_certificate(const LeastDegree& answer, const Rational& half_width,
                                                const Rational& epsilon, ErrorKind kind);

}  // namespace attnbounds
