#include "polynomial/certificate.hpp"

#include <stdexcept>

#include "numeric/exact_text.hpp"
#include "numeric/zoo.hpp"

namespace attnbounds {
namespace {

nlohmann::ordered_json texts(const std::vector<Rational>& numbers) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Rational& x : numbers) list.push_back(exact_text(x));
  return list;
}

nlohmann::ordered_json heading(const char* kind, const Rational& half_width, ErrorKind error_kind) {
  return {{"format", "attnbounds-certificate"},
          {"version", 1},
          {"kind", kind},
          {"function", "exp"},
          {"error_kind", name(error_kind)},
          {"half_width", exact_text(half_width)}};
}

}  // namespace

nlohmann::ordered_json upper_side(const UpperCertificate& upper) {
  return {{"degree", upper.polynomial.degree().value},
          {"coefficients", texts(upper.polynomial.coefficients)},
          {"critical_points", texts(upper.critical_points)},
          {"radius", exact_text(upper.radius)}};
}

nlohmann::ordered_json lower_side(const LowerCertificate& lower) {
  return {{"degree", lower.degree.value}, {"points", texts(lower.points)}};
}

nlohmann::ordered_json polynomial_error_certificate(const BestError& best) {
  nlohmann::ordered_json certificate = heading("polynomial-error", best.half_width, best.kind);
  certificate["bound"] = exact_text(round_up(best.error));
  certificate["upper"] = upper_side(best.upper);
  return certificate;
}

nlohmann::ordered_json best_error_certificate(const BestError& best) {
  nlohmann::ordered_json certificate = heading("best-error", best.half_width, best.kind);
  certificate["bound"] = exact_text(round_down(best.error));
  certificate["lower"] = lower_side(best.lower);
  return certificate;
}

nlohmann::ordered_json least_degree_certificate(const LeastDegree& answer, const Rational& half_width,
                                                const Rational& epsilon, ErrorKind kind) {
  if (!answer.at) throw std::invalid_argument("only a minimax least degree has a certificate");
  nlohmann::ordered_json certificate = heading("least-degree", half_width, kind);
  certificate["epsilon"] = exact_text(epsilon);
  certificate["degree"] = answer.degree.value + (bug(Bug::certificate_degree_above) ? 1 : 0);
  certificate["upper"] = upper_side(answer.at->upper);
  certificate["upper_below"] = nullptr;
  certificate["lower"] = nullptr;
  certificate["lower_at"] = lower_side(answer.at->lower);
  if (answer.below) {
    certificate["upper_below"] = upper_side(answer.below->upper);
    certificate["lower"] = lower_side(answer.below->lower);
  }
  return certificate;
}

}  // namespace attnbounds
