#include "proofs_check/degrees.hpp"

#include "numeric/files.hpp"
#include "polynomial/certificate.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

std::string degree_name(const Json& line) {
  return line.at("error_kind").get<std::string>() + " " + line.at("half_width").dump() + " " +
         line.at("epsilon").dump();
}
std::filesystem::path degree_certificate(const std::filesystem::path& certificates, const Json& line) {
  std::string name = degree_name(line);
  std::replace(name.begin(), name.end(), ' ', '_');
  return certificates / (name + ".json");
}

void write_degrees(const std::filesystem::path& file, const RunSettings& settings,
                   const std::filesystem::path& certificates) {
  struct Point {
    Rational half_width, epsilon;
    ErrorKind kind;
  };
  std::vector<Point> points;
  for (const ErrorKind kind : {ErrorKind::relative, ErrorKind::absolute})
    for (const int exponent : {3, 6, 12})
      for (int k = -6; k <= 12; ++k) {  // X = 2^{k/2}, rounded to 1/16
        const Rational X(static_cast<long>(std::lround(16 * std::exp2(k / 2.0))), 16);
        points.push_back({X, 1 / Rational(boost::multiprecision::pow(Integer(10), exponent)), kind});
      }
  std::vector<Json> lines(points.size());
  parallel_for(points.size(), settings.threads, [&](long i) {
    const auto& [X, epsilon, kind] = points[i];
    const LeastDegree answer = least_degree(X, epsilon, kind);
    lines[i] = {{"half_width", nearest(X)},
                {"epsilon", nearest(epsilon)},
                {"error_kind", name(kind)},
                {"degree", answer.degree.value},
                {"theory", degree_formula(X, epsilon, kind).value}};
    if (!certificates.empty())
      write_file_atomically(degree_certificate(certificates, lines[i]),
                            least_degree_certificate(answer, X, epsilon, kind).dump(1) + "\n");
  });
  std::string text;
  for (const Json& line : lines) text += line.dump() + "\n";
  write_file_atomically(file, text);
}

}  // namespace attnbounds
