#include "report/threshold_figure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "numeric/exact_text.hpp"

namespace attnbounds {
namespace {

double decimal(const Json& value, const std::string& place) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return nearest(rational_from_text(value.get<std::string>(), place));
  throw InputError(place, "a number", value.dump());
}

const Json& field(const Json& line, const std::string& key, const std::string& place) {
  if (!line.is_object() || !line.contains(key)) throw InputError(place, "the key " + key, "none");
  return line.at(key);
}

double middle(const Json& line, const std::string& key, const std::string& place) {
  const Json& pair = field(line, key, place);
  return (decimal(field(pair, "lower", place), place) + decimal(field(pair, "upper", place), place)) / 2;
}

std::vector<Tick> ticks_of(const std::set<double>& log2_n) {
  std::vector<Tick> ticks;
  for (const double k : {5.0, 10.0, 20.0, 40.0, 100.0, 200.0, 400.0, 1000.0, 4000.0})
    if (*log2_n.begin() <= k * 1.001 && k <= *log2_n.rbegin() * 1.001)
      ticks.push_back({k, fmt::format("2^{{{:g}}}", k)});
  return ticks;
}

std::optional<HeatMap> panel(const std::vector<ThresholdRecord>& records, const std::string& kind,
                             const std::string& series) {
  std::set<double> log2_n, kappas;
  std::map<std::pair<double, double>, double> exponents;
  HeatMap map;
  Curve star{"κ*(n): the method stops paying", {}, Curve::Style::solid},
      limit{"its limit as n grows", {}, Curve::Style::dashed},
      hard{"direct reduction from orthogonal vectors", {}, Curve::Style::dotted};
  for (const ThresholdRecord& r : records) {
    if (r.kind != kind || r.series != series) continue;
    const double x = r.log_n / std::log(2.0);
    if (r.exponent && r.kappa > 0) {
      log2_n.insert(x);
      kappas.insert(r.kappa);
      exponents[{x, r.kappa}] = *r.exponent;
    }
    if (r.star && *r.star > 0) star.points.emplace_back(x, *r.star);
    if (r.limit) limit.points.emplace_back(x, *r.limit);
    if (r.hard) hard.points.emplace_back(x, *r.hard);
  }
  if (log2_n.size() < 2 || kappas.size() < 2) return std::nullopt;
  const std::vector<double> xs(log2_n.begin(), log2_n.end()), ys(kappas.begin(), kappas.end()),
      x_edges = edges_between(xs), y_edges = edges_between(ys);
  for (std::size_t i = 0; i < xs.size(); ++i)
    for (std::size_t j = 0; j < ys.size(); ++j)
      if (const auto found = exponents.find({xs[i], ys[j]}); found != exponents.end())
        map.cells.push_back({x_edges[i], x_edges[i + 1], y_edges[j], y_edges[j + 1], found->second});
  map.title = kind + " attention";
  map.x_label = "n";
  map.y_label = kind == "matrix" ? "κ = B / √(log n)" : "κ = B / ∛(log n)";
  map.x_ticks = ticks_of(log2_n);
  map.turning = kind == "matrix" ? 2 : 3;
  map.reach = map.turning - 1;  // from exponent 1, linear time, up
  map.y_low = y_edges.front();
  map.y_high = y_edges.back();
  const double x = std::sqrt(xs.front() * xs.back());
  const auto height = [&](const Curve& curve, double otherwise) {
    const auto at = std::min_element(curve.points.begin(), curve.points.end(), [x](auto a, auto b) {
      return std::abs(std::log(a.first / x)) < std::abs(std::log(b.first / x));
    });
    return at == curve.points.end() ? otherwise : std::clamp(at->second, map.y_low, map.y_high);
  };
  const double pays = height(star, map.y_low), decides = height(hard, map.y_high);
  if (pays > 1.5 * map.y_low) map.notes.push_back({"polynomial method pays", x, std::sqrt(map.y_low * pays)});
  if (decides > 2 * pays) map.notes.push_back({"open", x, std::sqrt(pays * decides)});
  for (const Curve& curve : {star, limit, hard})
    if (!curve.points.empty()) {
      map.curves.push_back(curve);
      std::sort(map.curves.back().points.begin(), map.curves.back().points.end());
    }
  return map;
}

}  // namespace

const char* const kThresholdCaption =
    "Certified exponent of the polynomial method's cost over n and κ, at d = c log n and error n^-C with "
    "c = C = 1 unless said otherwise: blue where it is below that of the exact method (2 for matrix, 3 for "
    "tensor "
    "attention), orange where it is above. κ*(n) and its limit are proved for this method's rank. Above the "
    "dotted "
    "curve attention decides orthogonal vectors of dimension d - 1 through the direct reduction, which is "
    "hard under "
    "SETH as c grows. The window between is open.";

std::optional<ThresholdRecord> threshold_record(const Json& line, const std::string& place) {
  const std::string record =
      field(line, "record", place).is_string() ? line.at("record").get<std::string>() : "";
  if (record != "point" && record != "kappa_star") return std::nullopt;
  const auto text = [&](const char* key) {
    if (!field(line, key, place).is_string())
      throw InputError(place + ": " + key, "text", line.at(key).dump());
    return line.at(key).get<std::string>();
  };
  ThresholdRecord r;
  r.kind = text("kind");
  if (r.kind != "matrix" && r.kind != "tensor") throw InputError(place, "kind matrix or tensor", r.kind);
  r.series = text("problem") + ", c = " + text("c") + ", C = " + text("C");
  r.log_n = middle(line, "log_n", place);
  if (!(r.log_n > 0)) throw InputError(place + ": log_n", "a number > 0", line.at("log_n").dump());
  if (record == "point") {
    if (line.contains("B")) return std::nullopt;
    r.kappa = decimal(field(line, "kappa_decimal", place), place);
    r.exponent = decimal(field(field(line, "exponent", place), "upper", place), place);
  } else {
    r.star = decimal(field(line, "pays_decimal", place), place);
    r.limit = middle(line, "limit", place);
    if (!field(line, "hard_direct", place).is_null()) r.hard = middle(line, "hard_direct", place);
  }
  return r;
}

HeatMapFigure threshold_figure(const std::vector<ThresholdRecord>& records) {
  HeatMapFigure figure{"certified exponent of the cost", {}};
  if (records.empty()) return figure;
  for (const char* kind : {"matrix", "tensor"})
    if (auto map = panel(records, kind, records.front().series)) figure.panels.push_back(std::move(*map));
  return figure;
}

}  // namespace attnbounds
