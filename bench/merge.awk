# One object as Google Benchmark writes it, from several: the first file's context, everybody's rows.
FNR == 1 { file += 1; rows = 0 }
/^  "benchmarks": \[$/ { if (!started++) print; rows = 1; next }
/^  \]/ { rows = 0; next }
!rows { if (file == 1 && !started) print; next }
/^    {$/ && any++ { print "    ," }
{ sub(/^    },$/, "    }"); print }
END { print "  ]\n}" }
