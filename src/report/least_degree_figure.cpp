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

namespace {

/// One epsilon: the proved points, and along X the theorem's formula and the asymptotic estimate.
struct Series {
  double epsilon = 0;
  std::vector<std::pair<double, long>> points;
  struct Along {
    double half_width, formula, estimate;
  };
  std::vector<Along> curves;
};
struct Picture {
  std::vector<Series> series;  // largest epsilon first
  double left = INFINITY, right = 0, lowest = 1;
};

Picture picture_of(const std::vector<DegreeRecord>& degrees, ErrorKind kind) {
  std::map<Rational, std::vector<std::pair<double, long>>, std::greater<>> points;  // by epsilon
  Picture picture;
  for (const DegreeRecord& d : degrees)
    if (d.kind == kind && d.half_width > 0 && d.degree.value > 0 && d.epsilon < 1) {
      const double X = nearest(d.half_width);
      points[d.epsilon].emplace_back(X, d.degree.value);
      picture.left = std::min(picture.left, X);
      picture.right = std::max(picture.right, X);
    }
  if (points.empty()) return picture;
  if (picture.left == picture.right) {  // one column of points still needs an axis
    picture.left /= 2;
    picture.right *= 2;
  }
  for (const auto& [exact_epsilon, of_epsilon] : points) {
    Series series{nearest(exact_epsilon), of_epsilon, {}};
    for (int i = 0; i < kCurvePoints; ++i) {
      const double X = picture.left * std::pow(picture.right / picture.left, i / (kCurvePoints - 1.0));
      const double estimate = asymptotic_degree(X, series.epsilon, kind).value;
      series.curves.push_back({X, degree_formula(to_rational(X), exact_epsilon, kind).value, estimate});
      if (estimate > 0) picture.lowest = std::min(picture.lowest, estimate);
    }
    picture.series.push_back(std::move(series));
  }
  return picture;
}

double lower_end(const Picture& picture) { return picture.lowest < 0.9 ? 0.8 : 0.9; }

}  // namespace

std::string least_degree_script(const std::vector<DegreeRecord>& degrees, ErrorKind kind) {
  const Picture picture = picture_of(degrees, kind);
  if (picture.series.empty()) return {};
  std::string data, plot;
  int k = 0;
  for (const Series& series : picture.series) {
    data += fmt::format("$points{} << EOD\n", k);
    for (const auto& [X, degree] : series.points) data += fmt::format("{:.6g} {}\n", X, degree);
    data += fmt::format("EOD\n# X, theorem's formula, asymptotic estimate\n$curves{} << EOD\n", k);
    for (const auto& [X, formula, estimate] : series.curves)
      data += fmt::format("{:.6g} {:.6g} {:.6g}\n", X, formula, estimate);
    data += "EOD\n";
    const char* colour = kColours[static_cast<std::size_t>(k) % std::size(kColours)];
    plot += fmt::format(
        "  $curves{0} using 1:2 with lines dashtype 2 linewidth 1.4 linecolor '{1}' notitle, \\\n"
        "  $curves{0} using 1:3 with lines linewidth 1.4 linecolor '{1}' notitle, \\\n"
        "  $points{0} using 1:2 with points pointtype 7 pointsize 0.75 linecolor '{1}' title 'least degree, "
        "ε = {2}', "
        "\\\n",
        k, colour, power_of_ten(series.epsilon));
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
      data, picture.left / 1.12, picture.right * 1.12, lower_end(picture), name(kind), plot, L);
}

std::string least_degree_pgfplots(const std::vector<DegreeRecord>& degrees, ErrorKind kind) {
  const Picture picture = picture_of(degrees, kind);
  if (picture.series.empty()) return {};
  std::string colours, plots;
  int k = 0;
  for (const Series& series : picture.series) {
    const std::string colour =
        fmt::format("attnbounds{}", static_cast<char>('A' + k % static_cast<int>(std::size(kColours))));
    colours += fmt::format("\\definecolor{{{}}}{{HTML}}{{{}}}\n", colour,
                           kColours[static_cast<std::size_t>(k) % std::size(kColours)] + 1);
    std::string points, formula, estimate;
    for (const auto& [X, degree] : series.points) points += fmt::format("({:.6g},{})", X, degree);
    for (std::size_t i = 0; i < series.curves.size(); i += 3) {  // every third point: the curves are smooth
      const auto& [X, f, e] = series.curves[i];
      if (f >= lower_end(picture)) formula += fmt::format("({:.5g},{:.5g})", X, f);
      if (e >= lower_end(picture)) estimate += fmt::format("({:.5g},{:.5g})", X, e);
    }
    plots += fmt::format(
        "\\addplot[{0}, dashed, forget plot] coordinates {{{1}}};\n"
        "\\addplot[{0}, forget plot] coordinates {{{2}}};\n"
        "\\addplot[{0}, only marks, mark size=1.2pt] coordinates {{{3}}};\n"
        "\\addlegendentry{{least degree, $\\varepsilon = {4}$}}\n",
        colour, formula, estimate, points, power_of_ten(series.epsilon));
    ++k;
  }
  return colours +
         fmt::format(
             "\\begin{{tikzpicture}}\n\\begin{{axis}}[xmode=log, ymode=log, width=0.9\\linewidth, "
             "height=0.62\\linewidth, xmin={:.6g}, xmax={:.6g}, ymin={},\n  xlabel={{half-width $X$ of the "
             "scores}}, ylabel={{degree ({} error)}}, grid=major, legend pos=north west,\n  legend "
             "style={{font=\\scriptsize, cells={{anchor=west}}}}]\n{}"
             "\\addlegendimage{{black, dashed}}\\addlegendentry{{the theorem's formula}}\n"
             "\\addlegendimage{{black}}\\addlegendentry{{asymptotic estimate}}\n"
             "\\end{{axis}}\n\\end{{tikzpicture}}%\n",
             picture.left / 1.12, picture.right * 1.12, lower_end(picture), name(kind), plots);
}

}  // namespace attnbounds
