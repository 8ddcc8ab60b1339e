#include "proofs_check/degrees.hpp"

#include "polynomial/certificate.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

std::string degree_name(const Json& line) {
  return line.at("error_kind").get<std::string>() + " " + line.at("half_width").dump() + " " +
         line.at("epsilon").dump();
}

std::vector<DegreePoint> degree_points() {
  std::vector<DegreePoint> points;
  for (const ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (const int exponent : {3, 6, 12})
      for (int k = -6; k <= 12; ++k) {  // X = 2^{k/2}, rounded to 1/16
        const Rational X(static_cast<long>(std::lround(16 * std::exp2(k / 2.0))), 16);
        points.push_back({X, 1 / Rational(boost::multiprecision::pow(Integer(10), exponent)), kind});
      }
  return points;
}

PlottedDegree plotted_degree(const DegreePoint& point) {
  const auto& [X, epsilon, kind] = point;
  const LeastDegree answer = least_degree(X, epsilon, kind);
  return {{{"half_width", nearest(X)},
           {"epsilon", nearest(epsilon)},
           {"error_kind", name(kind)},
           {"degree", answer.degree.value},
           {"theory", degree_formula(X, epsilon, kind).value}},
          least_degree_certificate(answer, X, epsilon, kind)};
}

}  // namespace attnbounds
