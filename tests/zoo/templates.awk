# awk -v wanted=FILE -v copy=OUT -f templates.awk templates.txt ORIGINAL: ORIGINAL with the lines of its section
# replaced. A line of the section that ORIGINAL does not have is an error: the definition changed.
FNR == NR {
  if ($1 == "@") section = $2
  else if (section == wanted && $1 == "-") written[++count] = substr($0, 3)
  else if (section == wanted && $1 == "+") bugged[count] = substr($0, 3)
  next
}
{
  for (i = 1; i <= count; ++i)
    if ($0 == written[i]) {
      $0 = bugged[i]
      found[i] = 1
    }
  text = text $0 "\n"
  if ($0 == "#pragma once") text = text "#include \"numeric/zoo.hpp\"\n"
}
END {
  for (i = 1; i <= count; ++i)
    if (!(i in found)) {
      print "tests/zoo/templates.txt: src/" wanted " has no line" > "/dev/stderr"
      print written[i] > "/dev/stderr"
      exit 1
    }
  printf "%s", text > copy
}
