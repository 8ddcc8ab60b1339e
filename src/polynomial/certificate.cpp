#include "polynomial/certificate.hpp"

#include <stdexcept>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

nlohmann::ordered_json texts(const std::vector<Rational>& numbers) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Rational& x : numbers) list.push_back(exact_text(x));
  return list;
}

nlohmann::ordered_json upper_side(const BestError& best) {
  return {{"degree", best.degree.value},
          {"coefficients", texts(best.upper.polynomial.coefficients)},
          {"critical_points", texts(best.upper.critical_points)},
          {"radius", exact_text(best.upper.radius)}};
}

nlohmann::ordered_json lower_side(const BestError& best) {
  return {{"degree", best.degree.value}, {"points", texts(best.lower.points)}};
}

}  // namespace

nlohmann::ordered_json least_degree_certificate(const LeastDegree& answer, const Rational& half_width,
                                                const Rational& epsilon, ErrorKind kind) {
  if (!answer.at) throw std::invalid_argument("only a minimax least degree has a certificate");
  nlohmann::ordered_json certificate = {{"format", "attnbounds-certificate"},
                                        {"version", 1},
                                        {"kind", "least-degree"},
                                        {"function", "exp"},
                                        {"error_kind", name(kind)},
                                        {"half_width", exact_text(half_width)},
                                        {"epsilon", exact_text(epsilon)},
                                        {"degree", answer.degree.value},
                                        {"upper", upper_side(*answer.at)},
                                        {"upper_below", nullptr},
                                        {"lower", nullptr},
                                        {"lower_at", lower_side(*answer.at)}};
  if (answer.below) {
    certificate["upper_below"] = upper_side(*answer.below);
    certificate["lower"] = lower_side(*answer.below);
  }
  return certificate;
}

}  // namespace attnbounds
