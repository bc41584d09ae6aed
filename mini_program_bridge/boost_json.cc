// Debian ships Boost.JSON as headers; its definitions are compiled here, once.
#include <boost/json/src.hpp>
