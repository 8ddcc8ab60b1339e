// Nothing but what precompiled headers need: a source that may include them, which catch_main.cpp may not.
