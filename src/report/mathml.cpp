// Recursive descent over the formula's tokens: row = {item}, item = atom with sub- and superscripts, atom = a
// letter, a number, a sign, {row} or a command of the tables below. Scripts of sums stay beside the sign: the
// formulas are set within lines.
#include "report/mathml.hpp"

#include <map>
#include <stdexcept>
#include <vector>

#include "report/formats.hpp"

namespace attnbounds {
namespace {

struct NotUnderstood : std::runtime_error {
  using std::runtime_error::runtime_error;
};

constexpr int kDeepest = 60;  // levels of braces

const std::map<std::string, const char*> kIdentifiers = {
    {"alpha", "α"},      {"beta", "β"},    {"gamma", "γ"},    {"delta", "δ"}, {"epsilon", "ϵ"},
    {"varepsilon", "ε"}, {"zeta", "ζ"},    {"eta", "η"},      {"theta", "θ"}, {"iota", "ι"},
    {"kappa", "κ"},      {"lambda", "λ"},  {"mu", "μ"},       {"nu", "ν"},    {"xi", "ξ"},
    {"pi", "π"},         {"rho", "ρ"},     {"sigma", "σ"},    {"tau", "τ"},   {"phi", "ϕ"},
    {"varphi", "φ"},     {"chi", "χ"},     {"psi", "ψ"},      {"omega", "ω"}, {"Gamma", "Γ"},
    {"Delta", "Δ"},      {"Theta", "Θ"},   {"Lambda", "Λ"},   {"Xi", "Ξ"},    {"Pi", "Π"},
    {"Sigma", "Σ"},      {"Phi", "Φ"},     {"Psi", "Ψ"},      {"Omega", "Ω"}, {"ell", "ℓ"},
    {"infty", "∞"},      {"partial", "∂"}, {"emptyset", "∅"}, {"top", "⊤"},   {"bot", "⊥"},
    {"dots", "…"},       {"ldots", "…"},   {"cdots", "⋯"},    {"#", "#"}};

const std::map<std::string, const char*> kOperators = {
    {"le", "≤"},       {"leq", "≤"},      {"ge", "≥"},         {"geq", "≥"},       {"ne", "≠"},
    {"neq", "≠"},      {"ll", "≪"},       {"gg", "≫"},         {"in", "∈"},        {"notin", "∉"},
    {"to", "→"},       {"mapsto", "↦"},   {"Rightarrow", "⇒"}, {"Leftarrow", "⇐"}, {"Leftrightarrow", "⇔"},
    {"iff", "⇔"},      {"equiv", "≡"},    {"approx", "≈"},     {"sim", "∼"},       {"perp", "⊥"},
    {"circ", "∘"},     {"oslash", "⊘"},   {"otimes", "⊗"},     {"oplus", "⊕"},     {"odot", "⊙"},
    {"cdot", "·"},     {"times", "×"},    {"pm", "±"},         {"mp", "∓"},        {"ast", "∗"},
    {"gtrless", "≷"},  {"gtrsim", "≳"},   {"lesssim", "≲"},    {"mid", "∣"},       {"exists", "∃"},
    {"forall", "∀"},   {"sum", "∑"},      {"prod", "∏"},       {"int", "∫"},       {"bigvee", "⋁"},
    {"bigwedge", "⋀"}, {"bigcup", "⋃"},   {"bigcap", "⋂"},     {"vee", "∨"},       {"wedge", "∧"},
    {"neg", "¬"},      {"lnot", "¬"},     {"cup", "∪"},        {"cap", "∩"},       {"subset", "⊂"},
    {"subseteq", "⊆"}, {"setminus", "∖"}, {"nabla", "∇"},      {"prime", "′"},     {"colon", ":"},
    {"%", "%"},        {"&", "&amp;"},    {"_", "_"},          {"$", "$"}};

/// Signs that may follow \big, \left and their like.
const std::map<std::string, const char*> kDelimiters = {
    {"lceil", "⌈"}, {"rceil", "⌉"}, {"lfloor", "⌊"}, {"rfloor", "⌋"}, {"langle", "⟨"}, {"rangle", "⟩"},
    {"|", "‖"},     {"Vert", "‖"},  {"lVert", "‖"},  {"rVert", "‖"},  {"vert", "|"},   {"lvert", "|"},
    {"rvert", "|"}, {"{", "{"},     {"}", "}"},      {"lbrace", "{"}, {"rbrace", "}"}};

const std::map<std::string, const char*> kFunctions = {
    {"log", "log"},        {"ln", "ln"},         {"exp", "exp"}, {"max", "max"},   {"min", "min"},
    {"sup", "sup"},        {"inf", "inf"},       {"det", "det"}, {"sinh", "sinh"}, {"cosh", "cosh"},
    {"tanh", "tanh"},      {"sin", "sin"},       {"cos", "cos"}, {"tan", "tan"},   {"arg", "arg"},
    {"deg", "deg"},        {"dim", "dim"},       {"lim", "lim"}, {"Pr", "Pr"},     {"gcd", "gcd"},
    {"limsup", "lim sup"}, {"liminf", "lim inf"}};

const std::map<std::string, const char*> kSpaces = {{",", "0.17em"}, {":", "0.22em"},  {">", "0.22em"},
                                                    {";", "0.28em"}, {"!", "-0.17em"}, {" ", "0.28em"},
                                                    {"quad", "1em"}, {"qquad", "2em"}};

const std::map<std::string, const char*> kAccents = {{"tilde", "~"},   {"widetilde", "~"}, {"hat", "^"},
                                                     {"widehat", "^"}, {"bar", "‾"},       {"overline", "‾"},
                                                     {"vec", "→"},     {"dot", "˙"}};

const std::map<std::string, const char*> kWords = {
    {"mathrm", "normal"},    {"operatorname", "normal"},  {"text", "normal"},   {"mathbf", "bold"},
    {"mathcal", "script"},   {"mathbb", "double-struck"}, {"textrm", "normal"}, {"mathsf", "sans-serif"},
    {"texttt", "monospace"}, {"mathit", "italic"}};

constexpr const char* kSizes[] = {"big",  "Big",  "bigg",  "Bigg", "bigl", "Bigl",  "biggl",
                                  "bigr", "Bigr", "biggr", "bigm", "left", "right", "middle"};
constexpr const char* kStyles[] = {"textstyle", "displaystyle", "scriptstyle", "limits", "nolimits"};

template <std::size_t size>
bool one_of(const char* const (&list)[size], const std::string& word) {
  for (const char* known : list)
    if (word == known) return true;
  return false;
}

std::string element(const std::string& name, const std::string& content) {
  return "<" + name + ">" + content + "</" + name + ">";
}
std::string sign(const std::string& text) {
  return "<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">" + text + "</mo>";
}

/// A letter of the chosen alphabet: only MathML's italic default and its opposite are attributes; the others
/// are characters of their own.
std::string word(const std::string& style, const std::string& text) {
  if (style == "normal") return "<mi mathvariant=\"normal\">" + html_escaped(text) + "</mi>";
  if (style == "bold") {  // mathematical bold letters and digits; what has none stays upright
    std::string bold;
    for (const char c : text) {
      char32_t point = 0;
      if (c >= 'A' && c <= 'Z') point = 0x1d400 + static_cast<char32_t>(c - 'A');
      else if (c >= 'a' && c <= 'z') point = 0x1d41a + static_cast<char32_t>(c - 'a');
      else if (c >= '0' && c <= '9') point = 0x1d7ce + static_cast<char32_t>(c - '0');
      if (point == 0) return "<mi mathvariant=\"normal\">" + html_escaped(text) + "</mi>";
      for (const int shift : {18, 12, 6, 0})
        bold += static_cast<char>(shift == 18 ? 0xf0 | (point >> 18) : 0x80 | (point >> shift & 0x3f));
    }
    return "<mi>" + bold + "</mi>";
  }
  return "<mi>" + html_escaped(text) + "</mi>";
}

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  std::string whole() {
    const std::string content = row("");
    if (at_ != text_.size()) throw NotUnderstood("a closing brace without its opening one");
    return content;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool next_is(const std::string& part) const { return text_.compare(at_, part.size(), part) == 0; }
  void skip_space() {
    while (more() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  /// The name after a backslash: letters, or one other character.
  std::string command() {
    ++at_;
    std::string name;
    while (more() && std::isalpha(static_cast<unsigned char>(text_[at_]))) name += text_[at_++];
    if (name.empty() && more()) name = text_[at_++];
    if (name.empty()) throw NotUnderstood("a lone backslash");
    return name;
  }

  /// Items up to the end of the group: a closing brace, or \end or \\ or & in a matrix.
  std::string row(const std::string& environment) {
    std::string items;
    for (skip_space(); more() && text_[at_] != '}'; skip_space()) {
      if (!environment.empty() && (text_[at_] == '&' || next_is("\\\\") || next_is("\\end"))) break;
      items += item();
    }
    return items;
  }

  std::string item() {
    const std::string base = atom();
    std::string below, above;
    for (skip_space(); more(); skip_space()) {
      if (text_[at_] == '_' && below.empty()) {
        ++at_;
        below = argument();
      } else if (text_[at_] == '^' && above.empty()) {
        ++at_;
        above = argument();
      } else if (text_[at_] == '\'') {
        std::string primes;
        for (; more() && text_[at_] == '\''; ++at_) primes += "′";
        above =
            above.empty() ? "<mo>" + primes + "</mo>" : "<mrow><mo>" + primes + "</mo>" + above + "</mrow>";
        if (more() && text_[at_] == '^') {
          ++at_;
          above = "<mrow>" + above + argument() + "</mrow>";
        }
      } else break;
    }
    if (below.empty() && above.empty()) return base;
    if (above.empty()) return element("msub", base + below);
    if (below.empty()) return element("msup", base + above);
    return element("msubsup", base + below + above);
  }

  /// One argument of a command or a script: a group or a single atom.
  std::string argument() {
    skip_space();
    if (!more()) throw NotUnderstood("an argument");
    if (std::isdigit(static_cast<unsigned char>(text_[at_])))  // \tfrac12 is a half
      return element("mn", std::string(1, text_[at_++]));
    return atom();
  }

  std::string group() {
    if (++depth_ > kDeepest) throw NotUnderstood("deeper braces");
    ++at_;
    const std::string content = row("");
    if (!more()) throw NotUnderstood("an open brace");
    ++at_;
    --depth_;
    return element("mrow", content);
  }

  /// The text of {…} as it is, for words.
  std::string plain_argument() {
    skip_space();
    if (!more()) throw NotUnderstood("an argument");
    if (text_[at_] != '{') return std::string(1, text_[at_++]);
    std::string content;
    for (++at_; more() && text_[at_] != '}'; ++at_) {
      if (text_[at_] == '{' || text_[at_] == '$') throw NotUnderstood("a plain word");
      if (text_[at_] == '\\') {  // \_ and its like
        const std::string name = command();
        if (name != "_" && name != "#" && name != "%" && name != "&" && name != " ")
          throw NotUnderstood("\\" + name + " in a word");
        content += name;
        --at_;
      } else {
        content += text_[at_];
      }
    }
    if (!more()) throw NotUnderstood("an open brace");
    ++at_;
    return content;
  }

  std::string delimiter() {
    skip_space();
    if (!more()) throw NotUnderstood("a delimiter");
    if (text_[at_] == '\\') {
      const std::string name = command();
      const auto found = kDelimiters.find(name);
      if (found == kDelimiters.end()) throw NotUnderstood("\\" + name);
      return sign(found->second);
    }
    const char c = text_[at_++];
    if (std::string("()[]|/").find(c) != std::string::npos) return sign(std::string(1, c));
    if (c == '<' || c == '>') return sign(c == '<' ? "⟨" : "⟩");
    if (c == '.') return "";
    throw NotUnderstood("a delimiter");
  }

  std::string matrix() {
    const std::string environment = plain_argument();
    std::string open, close;
    if (environment == "pmatrix") open = "(", close = ")";
    else if (environment == "bmatrix") open = "[", close = "]";
    else if (environment != "matrix") throw NotUnderstood("\\begin{" + environment + "}");
    if (++depth_ > kDeepest) throw NotUnderstood("deeper matrices");
    std::string rows, cells;
    while (true) {
      cells += element("mtd", row(environment));
      if (!more() || text_[at_] == '}') throw NotUnderstood("a matrix without its end");
      if (text_[at_] == '&') {
        ++at_;
      } else if (next_is("\\\\")) {
        at_ += 2;
        rows += element("mtr", cells);
        cells.clear();
      } else {
        command();
        if (plain_argument() != environment) throw NotUnderstood("another end");
        --depth_;
        rows += element("mtr", cells);
        const auto fence = [](const std::string& s) { return s.empty() ? s : "<mo>" + s + "</mo>"; };
        return element("mrow", fence(open) + element("mtable", rows) + fence(close));
      }
    }
  }

  std::string atom() {
    const char c = text_[at_];
    if (c == '{') return group();
    if (c == '\\') return of_command(command());
    if (std::isdigit(static_cast<unsigned char>(c))) {
      std::string number;
      while (more() && (std::isdigit(static_cast<unsigned char>(text_[at_])) ||
                        (text_[at_] == '.' && at_ + 1 < text_.size() &&
                         std::isdigit(static_cast<unsigned char>(text_[at_ + 1])))))
        number += text_[at_++];
      return element("mn", number);
    }
    if (std::isalpha(static_cast<unsigned char>(c))) return element("mi", std::string(1, text_[at_++]));
    if (std::string("()[]|/").find(c) != std::string::npos) return sign(std::string(1, text_[at_++]));
    if (std::string("+=<>,;:.!*?").find(c) != std::string::npos)
      return element("mo", html_escaped(std::string(1, text_[at_++])));
    if (c == '-') return ++at_, element("mo", "−");
    if (c == '~') return ++at_, space("0.28em");
    throw NotUnderstood(std::string(1, c));
  }

  static std::string space(const std::string& width) { return "<mspace width=\"" + width + "\"></mspace>"; }

  std::string of_command(const std::string& name) {
    if (const auto i = kIdentifiers.find(name); i != kIdentifiers.end()) return element("mi", i->second);
    if (const auto o = kOperators.find(name); o != kOperators.end()) return element("mo", o->second);
    if (const auto d = kDelimiters.find(name); d != kDelimiters.end()) return sign(d->second);
    if (const auto f = kFunctions.find(name); f != kFunctions.end())
      return "<mi mathvariant=\"normal\">" + std::string(f->second) + "</mi>" + space("0.17em");
    if (const auto s = kSpaces.find(name); s != kSpaces.end()) return space(s->second);
    if (const auto w = kWords.find(name); w != kWords.end()) {
      skip_space();
      // \mathrm{…} with mathematics inside is a group; \text is words.
      if (name == "text" || name == "textrm") return element("mtext", html_escaped(plain_argument()));
      return word(w->second, plain_argument());
    }
    if (const auto a = kAccents.find(name); a != kAccents.end())
      return "<mover accent=\"true\">" + argument() + "<mo stretchy=\"" +
             (name.rfind("wide", 0) == 0 || name == "overline" ? "true" : "false") + "\">" + a->second +
             "</mo></mover>";
    if (name == "frac" || name == "tfrac" || name == "dfrac") {
      const std::string above = argument();
      return element("mfrac", above + argument());
    }
    if (name == "binom") {
      const std::string above = argument();
      return "<mrow><mo>(</mo><mfrac linethickness=\"0\">" + above + argument() + "</mfrac><mo>)</mo></mrow>";
    }
    if (name == "sqrt") {
      skip_space();
      if (more() && text_[at_] == '[') {
        const std::size_t end = text_.find(']', at_);
        if (end == std::string::npos) throw NotUnderstood("an open bracket");
        const std::string degree = Reader(text_.substr(at_ + 1, end - at_ - 1)).whole();
        at_ = end + 1;
        return element("mroot", argument() + element("mrow", degree));
      }
      return element("msqrt", argument());
    }
    if (name == "rm") {  // for the rest of its group
      skip_space();
      std::string letters;
      while (more() && std::isalpha(static_cast<unsigned char>(text_[at_]))) letters += text_[at_++];
      return word("normal", letters);
    }
    if (name == "begin") return matrix();
    if (one_of(kSizes, name)) return delimiter();
    if (one_of(kStyles, name)) return "";
    throw NotUnderstood("\\" + name);
  }

  const std::string& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<std::string> mathml_from_latex(const std::string& formula) {
  try {
    return "<math><mrow>" + Reader(formula).whole() + "</mrow></math>";
  } catch (const NotUnderstood&) {
    return {};
  }
}

std::optional<std::string> html_from_latex(const std::string& text) {
  if (text.empty()) return {};
  std::string html;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find('$', at), text.size());
    const std::string words = text.substr(at, open - at);
    if (words.find_first_of("\\{}^_&#~%") != std::string::npos) return {};
    html += html_escaped(words);
    if (open == text.size()) return html;
    const std::size_t close = text.find('$', open + 1);
    if (close == std::string::npos) return {};
    const auto formula = mathml_from_latex(text.substr(open + 1, close - open - 1));
    if (!formula) return {};
    html += *formula;
    at = close + 1;
  }
  return html;
}

}  // namespace attnbounds
