// Certificates about polynomials as JSON: format and proofs in docs/certificates.md. attnbounds-check, which
// shares no code with this program, re-proves it.
#pragma once

#include <nlohmann/json.hpp>

#include "polynomial/least_degree.hpp"

namespace attnbounds {

/// Errors: std::invalid_argument if the answer carries no minimax certificates (sections and windows do not).
nlohmann::ordered_json least_degree_certificate(const LeastDegree& answer, const Rational& half_width,
                                                const Rational& epsilon, ErrorKind kind);

/// The polynomial's error is at most its proved bound, rounded up to a double; and no polynomial of the
/// degree has less than the proved lower bound, rounded down.
nlohmann::ordered_json polynomial_error_certificate(const BestError& best);
nlohmann::ordered_json best_error_certificate(const BestError& best);

/// The objects `upper` and `lower` of these formats.
nlohmann::ordered_json upper_side(const UpperCertificate& upper);
nlohmann::ordered_json lower_side(const LowerCertificate& lower);

}  // namespace attnbounds
