"""The contract in marshmallow: what requests may hold and what answers look like, a file for each kind of resource."""
