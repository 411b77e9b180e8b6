"""What results leave open: intervals, paired differences looked at daily, costs. No Django, no files, no clock."""
