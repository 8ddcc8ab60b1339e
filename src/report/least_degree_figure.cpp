#include "report/least_degree_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "polynomial/least_degree.hpp"

namespace attnbounds {
namespace {

// Colours that the colour-blind tell apart (Okabe, Ito).
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};
constexpr int kCurvePoints = 160;

std::string power_of_ten(double epsilon) {
  const double exponent = std::log10(epsilon);
  if (std::abs(exponent - std::round(exponent)) > 1e-9) return fmt::format("{:g}", epsilon);
  return fmt::format("10^{{{}}}", static_cast<long>(std::round(exponent)));
}

}  // namespace

Estimate asymptotic_degree(double X, double epsilon, ErrorKind kind) {
  const double L = -std::log(epsilon);
  const auto value = [&](double n) {
    return kind == ErrorKind::relative ? n * std::acosh(n / X) - std::sqrt(n * n - X * X)
                                       : n * std::asinh(n / X) - std::sqrt(n * n + X * X);
  };
  double low = kind == ErrorKind::relative ? X : 0, high = std::max(2 * X, 1.0);
  while (value(high) < L) high *= 2;  // value increases with n
  for (int i = 0; i < 100; ++i) {
    const double middle = low + (high - low) / 2;
    (value(middle) < L ? low : high) = middle;
  }
  return Estimate(high - 1);
}

std::string least_degree_script(const std::vector<DegreeRecord>& degrees, ErrorKind kind) {
  std::map<Rational, std::vector<std::pair<double, long>>, std::greater<>> series;  // by epsilon
  double left = INFINITY, right = 0;
  for (const DegreeRecord& d : degrees)
    if (d.kind == kind && d.half_width > 0 && d.degree.value > 0 && d.epsilon < 1) {
      const double X = nearest(d.half_width);
      series[d.epsilon].emplace_back(X, d.degree.value);
      left = std::min(left, X);
      right = std::max(right, X);
    }
  if (series.empty()) return {};
  if (left == right) {  // one column of points still needs an axis
    left /= 2;
    right *= 2;
  }

  std::string data, plot;
  int k = 0;
  double lowest = 1;
  for (const auto& [exact_epsilon, points] : series) {
    const double epsilon = nearest(exact_epsilon);
    data += fmt::format("$points{} << EOD\n", k);
    for (const auto& [X, degree] : points) data += fmt::format("{:.6g} {}\n", X, degree);
    data += fmt::format("EOD\n# X, theorem's formula, asymptotic estimate\n$curves{} << EOD\n", k);
    for (int i = 0; i < kCurvePoints; ++i) {
      const double X = left * std::pow(right / left, i / (kCurvePoints - 1.0));
      const double estimate = asymptotic_degree(X, epsilon, kind).value;
      data += fmt::format("{:.6g} {:.6g} {:.6g}\n", X,
                          degree_formula(to_rational(X), exact_epsilon, kind).value, estimate);
      if (estimate > 0) lowest = std::min(lowest, estimate);
    }
    data += "EOD\n";
    const char* colour = kColours[static_cast<std::size_t>(k) % std::size(kColours)];
    plot += fmt::format(
        "  $curves{0} using 1:2 with lines dashtype 2 linewidth 1.4 linecolor '{1}' notitle, \\\n"
        "  $curves{0} using 1:3 with lines linewidth 1.4 linecolor '{1}' notitle, \\\n"
        "  $points{0} using 1:2 with points pointtype 7 pointsize 0.75 linecolor '{1}' title 'least degree, "
        "ε = {2}', "
        "\\\n",
        k, colour, power_of_ten(epsilon));
    ++k;
  }
  const char* L = kind == ErrorKind::relative ? "log(1/ε)" : "X + log(1/ε)";
  return fmt::format(
      "# Drawn by: gnuplot -d FILE > FIGURE.svg\n"
      "set encoding utf8\n"
      "set terminal svg size 760,540 dynamic enhanced font 'sans-serif,14' background '#ffffff'\n"
      "{}"
      "set logscale xy\n"
      "set xrange [{:.6g}:{:.6g}]\n"
      "set yrange [{}:*]\n"
      "set xlabel 'half-width X of the scores'\n"
      "set ylabel 'degree ({} error at most ε on [−X, X])'\n"
      "set key top left reverse Left samplen 2.2 spacing 1.25\n"
      "set grid linecolor '#dddddd'\n"
      "set border 3\n"
      "set tics nomirror\n"
      "plot \\\n{}"
      "  NaN with lines dashtype 2 linewidth 1.4 linecolor '#444444' title 'max\\{{X, L / log max(L/X, "
      "e)\\}}, L = {}', "
      "\\\n"
      "  NaN with lines linewidth 1.4 linecolor '#444444' title 'asymptotic estimate'\n",
      data, left / 1.12, right * 1.12, lowest < 0.9 ? "0.8" : "0.9", name(kind), plot, L);
}

}  // namespace attnbounds
