#include "proofs_check/degrees.hpp"

#include "numeric/files.hpp"
#include "polynomial/least_degree.hpp"
#include "proofs_check/exact_json.hpp"

namespace attnbounds {

void write_degrees(const std::filesystem::path& file, const RunSettings& settings) {
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
    lines[i] = {{"half_width", nearest(X)},
                {"epsilon", nearest(epsilon)},
                {"error_kind", name(kind)},
                {"degree", least_degree(X, epsilon, kind).degree.value},
                {"theory", degree_formula(X, epsilon, kind).value}};
  });
  std::string text;
  for (const Json& line : lines) text += line.dump() + "\n";
  write_file_atomically(file, text);
}

}  // namespace attnbounds
